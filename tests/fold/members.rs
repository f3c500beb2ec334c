//! Objects of many members, arrays of many elements, and states whose parts are replaced again and again.

use snapfold::fold::rules::{Rules, Session};
use snapfold::value::{self, Value};

use super::folds::random::Random;
use super::routes::{array_index, line, rules, state};

/// Members come and go, some of them twice in one event. `Kept` fails if `must` is not there, after everything else has been done.
const RULES: &str = r#"{"initial":{"m":{}},"rules":{
    "Put":  [{"put":"/m/{/data/a}","from":"/data/v"},{"remove":"/m/{/data/b}","optional":true},{"put":"/m/{/data/c}","from":"/data/v","ifAbsent":true}],
    "Again":[{"remove":"/m/{/data/a}","optional":true},{"put":"/m/{/data/a}","from":"/data/v"},{"remove":"/m/{/data/a}"},{"put":"/m/{/data/a}","from":"/data/v"}],
    "Gone": [{"remove":"/m/{/data/a}","optional":true},{"remove":"/m/{/data/b}","optional":true},{"remove":"/m/{/data/c}","optional":true}],
    "Kept": [{"put":"/m/{/data/a}","from":"/data/v"},{"remove":"/m/{/data/b}","optional":true},{"put":"/m/{/data/b}","from":"/data/v"},
             {"remove":"/m/{/data/c}","optional":true},{"put":"/m/{/data/d}","from":"/data/v"},{"remove":"/m/{/data/must}"}]}}"#;

/// The members in their order, as a list that is searched from its beginning.
#[derive(Clone, Default)]
struct Members(Vec<(String, usize)>);

impl Members {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    fn put(&mut self, name: &str, value: usize) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, there)) => *there = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }

    /// False, and then nothing has happened, if the event has to fail.
    fn apply(&mut self, kind: &str, [a, b, c, d, must]: [&str; 5], value: usize) -> bool {
        match kind {
            "Put" => {
                self.put(a, value);
                self.remove(b);
                if !self.has(c) {
                    self.put(c, value);
                }
            }
            "Again" => {
                self.remove(a);
                self.put(a, value);
            }
            "Gone" => [a, b, c].into_iter().for_each(|name| self.remove(name)),
            _ => {
                let before = self.clone();
                self.put(a, value);
                self.remove(b);
                self.put(b, value);
                self.remove(c);
                self.put(d, value);
                if !self.has(must) {
                    *self = before;
                    return false;
                }
                self.remove(must);
            }
        }
        true
    }

    fn encoded(&self) -> Vec<u8> {
        let mut members = self.0.clone();
        members.sort_by_key(|(key, _)| array_index(key).unwrap_or(u64::MAX));
        let members = members.into_iter().map(|(key, value)| (key, Value::from(value as f64)));
        let members = Value::Object(members.collect());
        value::to_vec(&Value::Object(vec![("m".to_owned(), members)])).unwrap()
    }
}

/// Events on these names; how likely members are to go, in eighths, changes as the log grows.
fn assert_members(names: &[String], events: u64) {
    let mut random = Random::new(events);
    let mut session = rules(RULES).start();
    let mut members = Members::default();
    let (mut position, mut most, mut failed) = (1, 0, 0);
    for event in 0..events {
        // It grows, shrinks, and grows again.
        let going = if (event * 5 / events) % 2 == 1 { 7 } else { 1 };
        let kind = match (random.below(8) < going, random.below(4)) {
            (_, 0) => "Kept",
            (true, _) => "Gone",
            (false, 1) => "Again",
            (false, _) => "Put",
        };
        let chosen = [(); 5].map(|()| random.one_of(names).as_str());
        let [a, b, c, d, must] = chosen;
        let data = format!(r#"{{"a":"{a}","b":"{b}","c":"{c}","d":"{d}","must":"{must}","v":{event}}}"#);
        let taken = members.apply(kind, chosen, event as usize);
        assert_eq!(
            session.json_lines(line(position, kind, &data).as_bytes()).is_ok(),
            taken,
            "{kind} {data}"
        );
        position += u64::from(taken);
        failed += u64::from(!taken);
        most = most.max(members.0.len());
        if event % (events / 40) == 0 {
            assert!(session.folded().state == members.encoded(), "after {event}");
        }
        if random.below(1_000) == 0 {
            session = go_on(&session);
        }
    }
    assert!(session.folded().state == members.encoded());
    assert!(
        most > names.len() / 3 && failed > events / 50,
        "{most} at most, {failed} failed"
    );
}

/// A session of its own that goes on from here.
fn go_on(session: &Session) -> Session {
    let base = session.folded();
    rules(RULES).resume(&base.state, &base.progress).unwrap()
}

#[test]
fn a_few_members() {
    for names in [3, 9, 12, 20] {
        let names: Vec<_> = (0..names).map(|name| format!("n{name}")).collect();
        assert_members(&names, 2_000);
    }
}

#[test]
fn a_thousand_members() {
    let names: Vec<_> = (0..3_000).map(|name| format!("name-{name}")).collect();
    assert_members(&names, 8_000);
}

#[test]
fn members_that_look_like_indices() {
    let near = 4_294_967_290_u64..4_294_967_300;
    let names: Vec<_> = (0..120)
        .chain(near)
        .flat_map(|name| [name.to_string(), format!("0{name}")])
        .collect();
    assert_members(&names, 3_000);
}

/// 16 bytes each, of which the second half makes up for what the first does to the hash that tables use today. Whatever that hash is, the
/// order and the content of the members have to be right; with this one all of them collide.
fn colliding(count: usize) -> Vec<String> {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let target = mix(16, u64::from_le_bytes(*b"aaaaaaaa")).rotate_left(23) ^ u64::from_le_bytes(*b"bbbbbbbb");
    let mut random = Random::new(7);
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"\\".contains(byte);
    let names = std::iter::from_fn(|| {
        loop {
            let mut first = random.bits().to_le_bytes();
            first.iter_mut().for_each(|byte| *byte = b'a' + *byte % 26);
            let second = (target ^ mix(16, u64::from_le_bytes(first)).rotate_left(23)).to_le_bytes();
            if second.iter().all(is_plain) {
                return Some(String::from_utf8([first, second].concat()).unwrap());
            }
        }
    });
    let mut names: Vec<_> = names.take(count).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn members_that_collide() {
    assert_members(&colliding(400), 4_000);
    // Among others, and as types of events.
    let mut names = colliding(300);
    names.extend((0..300).map(|name| format!("other-{name}")));
    assert_members(&names, 4_000);
    let types = colliding(300);
    let members: Vec<_> = types
        .iter()
        .map(|kind| format!(r#""{kind}":[{{"put":"/last","from":"/type"}}]"#))
        .collect();
    let rules = rules(&format!(r#"{{"rules":{{{}}}}}"#, members.join(",")));
    for kind in types {
        let mut session = rules.start();
        session.json_lines(line(1, &kind, "0").as_bytes()).unwrap();
        assert_eq!(state(&session.folded()), format!(r#"{{"last":"{kind}"}}"#));
    }
}

/// Megabytes of values pass through a state of a few; some stay from the beginning.
#[test]
fn what_is_replaced_is_forgotten_and_what_stays_stays() {
    let spec = r#"{"initial":{"stays":{"a":[1,{"b":"first"}]},"l":[],"m":{}},"rules":{
        "Big":[{"put":"/big"},{"put":"/m/{/data/k}","from":"/data"},{"append":"/l","from":"/data/k"}],
        "Read":[{"put":"/big/read","value":true},{"put":"/m/{/data/k}/deep/0/x","from":"/data/k"},{"remove":"/l/0"}],
        "Fail":[{"put":"/big","value":0},{"put":"/m/{/data/k}/text","from":"/data"},{"remove":"/m/{/data/k}"},{"remove":"/none"}]}}"#;
    let rules: Rules = rules(spec);
    let mut session = rules.start();
    let text = "plain text, as long as it has to be. ".repeat(30);
    let data = |k: usize| format!(r#"{{"k":"k{}","deep":[{{"x":{k},"y":null}}],"text":"{text}"}}"#, k % 7);
    let mut position = 0;
    for round in 0..2_000 {
        for kind in ["Big", "Read", "Fail"] {
            let ran = session.json_lines(line(position + 1, kind, &data(round)).as_bytes());
            assert_eq!(ran.is_ok(), kind != "Fail", "{ran:?}");
            position += u64::from(ran.is_ok());
        }
        if round % 250 == 0 || round == 1_999 {
            let last = data(round);
            let read = format!("{},\"read\":true}}", &last[..last.len() - 1]);
            let folded = session.folded();
            let json = state(&folded);
            let start = r#"{"stays":{"a":[1,{"b":"first"}]},"l":[],"m":{"#;
            assert!(json.starts_with(start), "{}", &json[..200]);
            assert!(json.ends_with(&format!(r#","big":{read}}}"#)));
            let part = last.replace(&format!(r#"{{"x":{round},"#), &format!(r#"{{"x":"k{}","#, round % 7));
            assert!(json.contains(&part));
            assert_eq!(folded.progress.event_count(), position);
        }
    }
}

#[test]
fn many_elements() {
    let spec = r#"{"initial":{"l":[]},"rules":{
        "Push":[{"append":"/l"}],"Cut":[{"remove":"/l/{/data}"}],"Set":[{"put":"/l/{/data/at}","from":"/data"}],
        "Fail":[{"append":"/l"},{"remove":"/l/0"},{"patch":"/l","value":[{"op":"add","path":"/1","value":9},{"op":"remove","path":"/0"}]},{"remove":"/none"}]}}"#;
    let mut session = rules(spec).start();
    let mut elements: Vec<String> = vec![];
    let mut random = Random::new(3);
    let mut position = 1;
    for step in 0..3_000 {
        let at = random.below(elements.len() + 1);
        let (kind, data, taken) = match random.below(8) {
            0 | 1 if at < elements.len() => {
                elements.remove(at);
                ("Cut", at.to_string(), true)
            }
            2 if at < elements.len() => {
                elements[at] = format!(r#"{{"at":{at},"step":{step}}}"#);
                ("Set", elements[at].clone(), true)
            }
            3 => ("Fail", step.to_string(), false),
            4 => ("Cut", elements.len().to_string(), false),
            _ => {
                elements.push(step.to_string());
                ("Push", step.to_string(), true)
            }
        };
        let ran = session.json_lines(line(position, kind, &data).as_bytes());
        assert_eq!(ran.is_ok(), taken, "{ran:?}");
        position += u64::from(taken);
    }
    assert!(elements.len() > 200);
    assert_eq!(state(&session.folded()), format!(r#"{{"l":[{}]}}"#, elements.join(",")));
}
