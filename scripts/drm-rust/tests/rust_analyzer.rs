// SPDX-License-Identifier: GPL-2.0-only

//! An editor in the checkout: rust-analyzer itself is asked where definitions are.
//!
//! Builds the Rust code of a kernel; `make test-editor` runs it.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long rust-analyzer may be silent.
const PATIENCE: Duration = Duration::from_secs(300);

/// A rust-analyzer that has a checkout open.
struct Editor {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    root: PathBuf,
    requests: u64,
}

/// Reads one message: a head, an empty line, and as many bytes as the head says.
fn receive(output: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().strip_prefix("Content-Length: ") {
            Some(number) => length = number.parse().ok()?,
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

impl Editor {
    /// Opens a folder, and waits until everything in it is known.
    fn open(root: PathBuf) -> Self {
        let mut command = Command::new("rust-analyzer");
        let piped = command.current_dir(&root).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = piped.spawn().unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = receive(&mut output) {
                let _ = sender.send(message);
            }
        });
        let mut editor = Editor { server, input, messages, root, requests: 0 };
        let uri = editor.uri("");
        let capabilities = json!({ "experimental": { "serverStatusNotification": true } });
        let options = json!({ "checkOnSave": false });
        editor.ask(
            "initialize",
            json!({ "rootUri": uri, "capabilities": capabilities, "initializationOptions": options }),
        );
        editor.tell("initialized", json!({}));
        loop {
            let message = editor.next();
            if message["method"] == "experimental/serverStatus" && message["params"]["quiescent"] == true {
                assert_eq!(message["params"]["health"], "ok", "{message}");
                return editor;
            }
        }
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}", self.root.join(file).display())
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(json!({ "method": method, "params": params }));
    }

    /// The next message that is no question; all of the server's questions are answered with null.
    fn next(&mut self) -> Value {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("rust-analyzer says something");
            if message.get("method").is_none() || message.get("id").is_none() {
                return message;
            }
            self.send(json!({ "id": message["id"], "result": null }));
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(json!({ "id": id, "method": method, "params": params }));
        loop {
            let mut answer = self.next();
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{answer}");
                return answer["result"].take();
            }
        }
    }

    /// The files that go-to-definition leads to from a word: the first one at or after a line's beginning.
    fn definition(&mut self, file: &str, start: &str, word: &str) -> Vec<String> {
        let text = fs::read_to_string(self.root.join(file)).unwrap();
        let uri = self.uri(file);
        let document = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        let lines = text.lines().enumerate().skip_while(|(_, line)| !line.trim_start().starts_with(start));
        let found = lines.map(|(number, line)| (number, line.find(word))).find(|(_, column)| column.is_some());
        let (line, column) = found.unwrap_or_else(|| panic!("{file} has no `{word}` after `{start}`"));
        let position = json!({ "line": line, "character": column });
        let answer =
            self.ask("textDocument/definition", json!({ "textDocument": { "uri": uri }, "position": position }));
        self.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        let own = self.uri("");
        let places = answer.as_array().cloned().unwrap_or_default().into_iter();
        let uris = places.map(|place| place["uri"].as_str().or(place["targetUri"].as_str()).unwrap().to_owned());
        uris.map(|uri| uri.strip_prefix(&own).unwrap_or(&uri).to_owned()).collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn make_project(root: &Path) {
    let made = Command::new(env!("CARGO_BIN_EXE_drm-rust")).arg("rust-analyzer").current_dir(root).status().unwrap();
    assert!(made.success(), "drm-rust rust-analyzer ended with {made}");
}

#[test]
#[ignore = "builds Rust code of the kernel: make test-editor"]
fn definitions_are_found_in_the_overlay_and_in_the_base() {
    let version = Command::new("rust-analyzer").arg("--version").output();
    let Some(version) = version.ok().filter(|output| output.status.success()) else {
        println!("SKIPPED: rust-analyzer is not installed: rustup component add rust-analyzer");
        return;
    };
    println!("{}", String::from_utf8_lossy(&version.stdout).trim_end());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    make_project(&root);
    let written = |file: &str| fs::metadata(root.join(file)).unwrap().modified().unwrap();
    let files = ["rust-project.json", "linux/rust/kernel/lib_analyzer_generated.rs"];
    let before = files.map(written);
    let start = Instant::now();
    make_project(&root);
    println!("made again in {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(files.map(written), before, "what is the same is not written again");
    let status =
        Command::new("git").args(["-C", "linux", "status", "--porcelain"]).current_dir(&root).output().unwrap();
    assert_eq!(String::from_utf8(status.stdout).unwrap(), "", "git does not see the copies");

    let start = Instant::now();
    let mut editor = Editor::open(root);
    println!("indexed in {:.1} s", start.elapsed().as_secs_f64());
    let copy = "linux/rust/kernel/workqueue/workqueue_analyzer_generated.rs";
    for (from, start, word, to) in [
        // From the overlay, to the overlay, to the base, and to a copy of the base.
        ("rust/kernel/xarray/mark.rs", "use super::{", "Walk", "rust/kernel/xarray/entries.rs"),
        ("rust/kernel/xarray/entries.rs", "types::", "ForeignOwnable", "linux/rust/kernel/types.rs"),
        (
            "rust/kernel/xarray/entries.rs",
            "use super::{",
            "Guard",
            "linux/rust/kernel/xarray/xarray_analyzer_generated.rs",
        ),
        // From the base to the overlay, and to modules of the base that have modules of their own.
        (copy, "pub use owned::{", "OwnedQueue", "rust/kernel/workqueue/owned.rs"),
        ("linux/rust/kernel/sync/lock/mutex.rs", "pub type Mutex<T>", "Lock", "linux/rust/kernel/sync/lock.rs"),
        // From another crate.
        ("linux/drivers/gpu/drm/nova/driver.rs", "use kernel::{", "Core", "linux/rust/kernel/device.rs"),
    ] {
        assert_eq!(editor.definition(from, start, word), [to], "{word} in {from}");
    }
}
