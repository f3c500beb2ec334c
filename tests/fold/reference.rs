//! Rules, interpreted as naively as can be: on trees, one clone for each event.

use snapfold::Code;
use snapfold::value::{self, BigInt, Value};

type Told<T> = Result<T, Code>;

/// What an event makes of a state: the code and path of an error, and then nothing.
pub fn fold(spec: &Value, state: &mut Value, event: &Value) -> Result<(), (Code, Option<String>)> {
    let kind = get(event, &["type".to_owned()]).unwrap().as_str().unwrap();
    let Some(operations) = spec.get("rules").unwrap().get(kind) else {
        return Err((Code::UnknownEvent, None));
    };
    let mut changed = state.clone();
    for operation in operations.as_array().unwrap() {
        let operation = Operation::of(operation, event);
        operation
            .apply(&mut changed)
            .map_err(|code| (code, Some(operation.shown())))?;
    }
    *state = changed;
    Ok(())
}

struct Operation<'a> {
    action: &'a str,
    target: Vec<Segment>,
    spec: &'a Value,
    event: &'a Value,
}

enum Segment {
    Known(String),
    Missing(String),
}

/// Where a target leads to, and whether something is there.
struct Spot {
    path: Vec<String>,
    there: bool,
}

impl<'a> Operation<'a> {
    fn of(spec: &'a Value, event: &'a Value) -> Self {
        const ACTIONS: [&str; 7] = ["put", "merge", "patch", "append", "remove", "add", "subtract"];
        let action = ACTIONS.into_iter().find(|action| spec.get(action).is_some()).unwrap();
        let target = spec.get(action).and_then(Value::as_str).unwrap();
        let segments = target.split('/').skip(1);
        // The targets tried here have no pointer with more than two segments in braces, and no braces besides.
        let joined = segments.fold(Vec::<String>::new(), |mut segments, next| {
            match segments.last_mut() {
                Some(last) if last.starts_with('{') && !last.ends_with('}') => last.extend(["/", next]),
                _ => segments.push(next.to_owned()),
            }
            segments
        });
        let fill = |segment: String| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            None => Segment::Known(segment),
            Some(pointer) => match get(event, &parse(pointer)) {
                Some(Value::Text(text)) => Segment::Known(text.clone()),
                Some(Value::Number(number)) if is_integer(*number) => Segment::Known(number.to_string()),
                Some(Value::BigInt(integer)) => match i128::try_from(integer) {
                    Ok(integer) if integer.unsigned_abs() < 10u128.pow(38) => Segment::Known(integer.to_string()),
                    _ => Segment::Missing(segment),
                },
                _ => Segment::Missing(segment),
            },
        };
        Self {
            action,
            target: joined.into_iter().map(fill).collect(),
            spec,
            event,
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.spec.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn shown(&self) -> String {
        let shown = |segment: &Segment| match segment {
            Segment::Known(text) => format!("/{}", text.replace('~', "~0").replace('/', "~1")),
            Segment::Missing(reference) => format!("/{reference}"),
        };
        self.target.iter().map(shown).collect()
    }

    fn apply(&self, state: &mut Value) -> Told<()> {
        let value = match self.value() {
            Ok(None) => return Ok(()),
            Ok(Some(value)) => Ok(value),
            Err(code) => Err(code),
        };
        let spot = self.find(state)?;
        match self.action {
            "put" if spot.there && self.flag("ifAbsent") => Ok(()),
            "put" => set(state, &spot, value?),
            "append" => match self.existing(state, &spot)? {
                Value::Array(elements) => {
                    elements.push(value?);
                    Ok(())
                }
                _ => Err(Code::WrongType),
            },
            "merge" => {
                let patch = value?;
                let there = self.existing(state, &spot)?;
                *there = merged(there.clone(), patch);
                Ok(())
            }
            "patch" => {
                let patch = value?;
                let there = get_mut(state, &spot.path).ok_or(Code::MissingTarget)?;
                *there = patched(there.clone(), &patch).ok_or(Code::PatchFailed)?;
                Ok(())
            }
            "remove" => match (spot.there, self.flag("optional")) {
                (true, _) if spot.path.is_empty() => Err(Code::WrongType),
                (true, _) => {
                    take(state, &spot.path);
                    Ok(())
                }
                (false, true) => Ok(()),
                (false, false) => Err(Code::MissingTarget),
            },
            action => {
                let addend = value?;
                let there = self.existing(state, &spot)?;
                *there = sum(there, &addend, action == "subtract")?;
                Ok(())
            }
        }
    }

    /// Nothing if the operation is left out.
    fn value(&self) -> Told<Option<Value>> {
        if let Some(fields) = self.spec.get("fields") {
            let Value::Object(fields) = fields else { unreachable!() };
            let mut members = Vec::new();
            for (name, pointer) in fields {
                match get(self.event, &parse(pointer.as_str().unwrap())) {
                    Some(value) => members.push((name.clone(), value.clone())),
                    None if self.flag("optional") => {}
                    None => return Err(Code::MissingValue),
                }
            }
            return Ok(Some(Value::Object(members)));
        }
        if let Some(value) = self.spec.get("value") {
            return Ok(Some(value.clone()));
        }
        let from = self.spec.get("from").and_then(Value::as_str).unwrap_or("/data");
        match get(self.event, &parse(from)) {
            Some(value) => Ok(Some(value.clone())),
            None if self.action == "remove" => Ok(Some(Value::Null)),
            None if self.flag("optional") => Ok(None),
            None => Err(Code::MissingValue),
        }
    }

    fn find(&self, state: &Value) -> Told<Spot> {
        let mut at = Some(state);
        let mut path = Vec::new();
        for segment in &self.target {
            let Some(parent) = at else {
                return match self.action == "remove" && self.flag("optional") {
                    true => Ok(Spot { path, there: false }),
                    false => Err(Code::MissingTarget),
                };
            };
            let Segment::Known(segment) = segment else {
                return Err(Code::MissingValue);
            };
            at = match parent {
                Value::Object(_) => parent.get(segment),
                Value::Array(elements) => elements.get(index(segment).ok_or(Code::WrongType)?),
                _ => return Err(Code::WrongType),
            };
            path.push(segment.clone());
        }
        let there = at.is_some();
        Ok(Spot { path, there })
    }

    fn existing<'s>(&self, state: &'s mut Value, spot: &Spot) -> Told<&'s mut Value> {
        if !spot.there {
            let initial = self.spec.get("initial").ok_or(Code::MissingTarget)?;
            set(state, spot, initial.clone())?;
        }
        Ok(get_mut(state, &spot.path).unwrap())
    }
}

fn set(state: &mut Value, spot: &Spot, value: Value) -> Told<()> {
    if let Some(there) = get_mut(state, &spot.path) {
        *there = value;
        return Ok(());
    }
    let (name, parent) = spot.path.split_last().unwrap();
    match get_mut(state, parent) {
        Some(Value::Object(members)) => members.push((name.clone(), value)),
        _ => return Err(Code::MissingTarget),
    }
    Ok(())
}

fn take(state: &mut Value, path: &[String]) -> Value {
    let (name, parent) = path.split_last().unwrap();
    match get_mut(state, parent).unwrap() {
        Value::Object(members) => {
            let place = members.iter().position(|(key, _)| key == name).unwrap();
            members.remove(place).1
        }
        Value::Array(elements) => elements.remove(index(name).unwrap()),
        _ => unreachable!(),
    }
}

/// RFC 7396, §2.
fn merged(target: Value, patch: Value) -> Value {
    let Value::Object(changes) = patch else {
        return patch;
    };
    let mut members = match target {
        Value::Object(members) => members,
        _ => vec![],
    };
    for (name, change) in changes {
        let place = members.iter().position(|(key, _)| *key == name);
        match (place, change) {
            (Some(place), Value::Null) => drop(members.remove(place)),
            (None, Value::Null) => {}
            (Some(place), change) => members[place].1 = merged(members[place].1.clone(), change),
            (None, change) => members.push((name, merged(Value::Null, change))),
        }
    }
    Value::Object(members)
}

/// RFC 6902, §4.
fn patched(mut target: Value, patch: &Value) -> Option<Value> {
    for step in patch.as_array()? {
        let text = |name: &str| step.get(name)?.as_str();
        let path = parse(text("path")?);
        match text("op")? {
            "add" => add(&mut target, &path, step.get("value")?.clone())?,
            "remove" => {
                get(&target, &path).filter(|_| !path.is_empty())?;
                take(&mut target, &path);
            }
            "replace" => *get_mut(&mut target, &path)? = step.get("value")?.clone(),
            "move" => {
                let from = parse(text("from")?);
                let moved = get(&target, &from)?.clone();
                if path != from {
                    if path.starts_with(&from) {
                        return None;
                    }
                    take(&mut target, &from);
                    add(&mut target, &path, moved)?;
                }
            }
            "copy" => {
                let copied = get(&target, &parse(text("from")?))?.clone();
                add(&mut target, &path, copied)?;
            }
            "test" => {
                let canonical = |value: &Value| value::canonicalize(&value::to_vec(value).unwrap()).unwrap();
                (canonical(get(&target, &path)?) == canonical(step.get("value")?)).then_some(())?;
            }
            _ => return None,
        }
    }
    Some(target)
}

fn add(target: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((name, parent)) = path.split_last() else {
        *target = value;
        return Some(());
    };
    match get_mut(target, parent)? {
        Value::Array(elements) => {
            let at = if name == "-" { elements.len() } else { index(name)? };
            (at <= elements.len()).then(|| elements.insert(at, value))
        }
        Value::Object(members) => {
            match members.iter_mut().find(|(key, _)| key == name) {
                Some(member) => member.1 = value,
                None => members.push((name.clone(), value)),
            }
            Some(())
        }
        _ => None,
    }
}

fn sum(number: &Value, addend: &Value, subtract: bool) -> Told<Value> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    match (number, addend) {
        (Value::Number(a), Value::Number(b)) => {
            let total = if subtract { a - b } else { a + b };
            let whole = a.fract() == 0.0 && b.fract() == 0.0;
            let beyond = [*a, *b, total].iter().any(|number| number.abs() > LARGEST);
            if whole && beyond || total.is_infinite() {
                return Err(Code::OutOfRange);
            }
            Ok(Value::Number(total))
        }
        (Value::BigInt(a), Value::BigInt(b)) => Ok(Value::BigInt(if subtract { a - b } else { a + b })),
        (Value::BigInt(a), Value::Number(b)) if is_integer(*b) => {
            let b = &BigInt::from(*b as i64);
            Ok(Value::BigInt(if subtract { a - b } else { a + b }))
        }
        _ => Err(Code::WrongType),
    }
}

fn parse(pointer: &str) -> Vec<String> {
    let segments = pointer.split('/').skip(1);
    segments
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn get<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::Array(elements) => elements.get(index(name)?),
        _ => value.get(name),
    })
}

fn get_mut<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::Array(elements) => elements.get_mut(index(name)?),
        Value::Object(members) => members
            .iter_mut()
            .find(|(key, _)| key == name)
            .map(|(_, member)| member),
        _ => None,
    })
}

fn index(name: &str) -> Option<usize> {
    let index: usize = name.parse().ok()?;
    (index.to_string() == name).then_some(index)
}

fn is_integer(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_991.0 && !(number == 0.0 && number.is_sign_negative())
}
