//! Processes that are killed while they write to files lose nothing that they said was written, and leave nothing half written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::{env, thread};

use snapfold::store::{FileStore, Store, StreamKeys};

use crate::Folder;
use crate::common::now;

const KILLS: u32 = 60;

/// Where the writer writes; set for a process of its own.
const WRITES_TO: &str = "SNAPFOLD_TEST_WRITES_TO";

fn key(number: u64) -> String {
    StreamKeys::new("cart", "cart-4").unwrap().snapshot(3, number % 8)
}

/// Long enough to be torn, and each byte says what it belongs to.
fn value(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(8_000)
}

fn number_of(value: &[u8]) -> u64 {
    let number = u64::from_le_bytes(*value.first_chunk().unwrap());
    assert!(value == self::value(number), "a value is torn");
    number
}

/// Not a test of its own: what the processes do that the test below starts.
#[test]
fn writes_until_it_is_killed() {
    let Ok(folder) = env::var(WRITES_TO) else { return };
    let store = FileStore::new(folder);
    let newest = now(store.list("", None, 99)).unwrap().into_iter();
    let written = newest.map(|key| number_of(&now(store.get(&key)).unwrap().unwrap()));
    for number in written.max().unwrap_or(0) + 1.. {
        now(store.put(&key(number), &value(number), None)).unwrap();
        println!("written {number}");
    }
}

#[test]
fn what_was_written_survives_the_writer() {
    let folder = Folder::new();
    let store = FileStore::new(&folder.0);
    let mut announced = 0;
    for kill in 0..KILLS {
        let mut writer = Command::new(env::current_exe().unwrap())
            .args(["--exact", "killed::writes_until_it_is_killed", "--nocapture"])
            .env(WRITES_TO, &folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut told = |line: String| {
            line.split_once("written ")
                .map(|(_, number)| number.parse::<u64>().unwrap())
        };
        // After so many writes, somewhere in the next one: each process a little later in it.
        let before = lines.by_ref().filter_map(&mut told).nth(kill as usize % 5);
        for _ in 0..kill * 7 {
            thread::yield_now();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        announced = lines.filter_map(&mut told).last().or(before).unwrap();
        let found = now(store.get(&key(announced)))
            .unwrap()
            .expect("what was written is there");
        assert!(number_of(&found) >= announced, "{announced} is lost");
        for key in now(store.list("", None, 99)).unwrap() {
            number_of(&now(store.get(&key)).unwrap().unwrap());
        }
    }
    assert!(announced >= u64::from(KILLS));
    println!("{KILLS} processes killed, {announced} values written, none lost, none torn");
    fs::metadata(&folder.0).unwrap();
}
