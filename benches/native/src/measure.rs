//! Times sides against each other: in rounds that take every side in turn, beginning with another one each time.

use std::env;
use std::hint::black_box;
use std::time::Instant;

use cpu_time::ProcessTime;

/// Something to time, under the name of its side.
pub struct Task<'a> {
    pub side: &'static str,
    run: Box<dyn Fn() + 'a>,
}

impl<'a> Task<'a> {
    /// Dropping what `work` makes is part of it.
    pub fn new<R>(side: &'static str, work: impl Fn() -> R + 'a) -> Self {
        Self {
            side,
            run: Box::new(move || drop(black_box(work()))),
        }
    }
}

/// Milliseconds of one run, the median of all batches, and the share of it within which half of them lie.
pub struct Timing {
    pub ms: f64,
    pub spread: f64,
}

/// Runs each task for about `batch_ms` in each round; 0 means once.
pub fn measure(tasks: &[Task<'_>], rounds: usize, batch_ms: f64) -> Vec<Timing> {
    let clock = Clock::from_environment();
    let runs: Vec<usize> = tasks.iter().map(|task| clock.runs_in(batch_ms, task)).collect();
    let mut times = vec![Vec::new(); tasks.len()];
    for round in 0..rounds {
        for turn in 0..tasks.len() {
            let at = (round + turn) % tasks.len();
            times[at].push(clock.elapsed(&tasks[at], runs[at]) / runs[at] as f64);
        }
    }
    times.into_iter().map(Timing::of).collect()
}

/// How much of a processor this process has had since `start`, when it began.
pub fn processor_share(start: Instant) -> f64 {
    ProcessTime::now().as_duration().as_secs_f64() / start.elapsed().as_secs_f64()
}

/// The clock on the wall, or with `BENCH_CLOCK=cpu` the time of the processor.
#[derive(Clone, Copy)]
enum Clock {
    Wall,
    Processor,
}

impl Clock {
    fn from_environment() -> Self {
        match env::var("BENCH_CLOCK").as_deref() {
            Ok("cpu") => Self::Processor,
            _ => Self::Wall,
        }
    }

    fn runs_in(self, batch_ms: f64, task: &Task<'_>) -> usize {
        if batch_ms == 0.0 {
            return 1;
        }
        self.elapsed(task, 1);
        (batch_ms / self.elapsed(task, 1)).ceil().max(1.0) as usize
    }

    fn elapsed(self, task: &Task<'_>, runs: usize) -> f64 {
        let start = (Instant::now(), ProcessTime::now());
        for _ in 0..runs {
            (task.run)();
        }
        let elapsed = match self {
            Self::Wall => start.0.elapsed(),
            Self::Processor => start.1.elapsed(),
        };
        elapsed.as_secs_f64() * 1000.0
    }
}

impl Timing {
    fn of(times: Vec<f64>) -> Self {
        let ms = median(times.clone());
        let spread = median(times.iter().map(|time| (time - ms).abs()).collect()) / ms;
        Self { ms, spread }
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    }
}
