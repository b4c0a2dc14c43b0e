// SPDX-License-Identifier: GPL-2.0-only

//! Downloads with curl from a server of this machine that breaks off, cannot resume, or has something else.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use drm_rust::base::cache::{BaseError, Cache};
use drm_rust::base::fetch::{FetchError, Limits, fetch_within};
use drm_rust::base::pin::Source;
use drm_rust::error::Explain;

use crate::archives::{kernel, tar, xz};
use crate::cache::{Env, pin, sha256};

/// How a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// As it should.
    Well,
    /// It does not know ranges.
    WithoutRanges,
    /// It closes the connection after this many bytes.
    UpTo(usize),
    /// It has no such file.
    NotFound,
    /// It sends something else without end, and does not tell how much.
    Endless,
    /// It answers and sends nothing.
    Silent,
    /// It sends the client to itself.
    Elsewhere,
}

/// A server that ends with the test.
struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    manner: Manner,
    content: Vec<u8>,
    /// The first byte that each request asked for.
    requests: Vec<usize>,
}

impl Server {
    fn new(content: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { manner: Manner::Well, content: content.to_vec(), requests: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let served = Arc::clone(&state);
        std::thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap(), &served)));
        Server { port, state }
    }

    fn answers(&self, manner: Manner) -> &Self {
        self.state.lock().unwrap().manner = manner;
        self
    }

    fn has(&self, content: &[u8]) {
        self.state.lock().unwrap().content = content.to_vec();
    }

    fn requests(&self) -> Vec<usize> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let head = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let range = head.filter_map(|line| Some(line.strip_prefix("Range: bytes=")?.trim_end_matches('-').parse().ok()));
    let from: Option<usize> = range.flatten().last();
    let mut state = state.lock().unwrap();
    state.requests.push(from.unwrap_or(0));
    match state.manner {
        Manner::Endless => {
            drop(state);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.write_all(&[b'x'; 1 << 16]).is_ok() {}
            return;
        }
        Manner::Silent => {
            drop(state);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            // Until the client hangs up.
            let _ = stream.read(&mut [0]);
            return;
        }
        Manner::Elsewhere => {
            let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        _ => {}
    }
    let content = &state.content;
    let (status, from) = match (state.manner, from) {
        (Manner::NotFound, _) => ("404 Not Found", content.len()),
        (Manner::WithoutRanges, _) | (_, None) => ("200 OK", 0),
        (_, Some(from)) if from >= content.len() => ("416 Range Not Satisfiable", content.len()),
        (_, Some(from)) => ("206 Partial Content", from),
    };
    let body = &content[from..];
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    if status.starts_with("206") {
        head += &format!("Content-Range: bytes {from}-{}/{}\r\n", content.len() - 1, content.len());
    }
    let end = match state.manner {
        Manner::UpTo(bytes) => bytes.min(body.len()),
        _ => body.len(),
    };
    // The client may have hung up: it says why.
    let _ = stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(&body[..end]));
}

/// A cache, a server with a kernel, and the source that names it.
fn setup() -> (Env, Server, Source, Vec<u8>) {
    let archive = xz(&tar(&kernel()));
    let server = Server::new(&archive);
    let url = format!("http://127.0.0.1:{}/linux-9.9.tar.xz", server.port);
    (Env::new(), server, Source::Url { url, sha256: sha256(&archive) }, archive)
}

fn part(env: &Env) -> Option<Vec<u8>> {
    let files = fs::read_dir(env.cache().join("downloads")).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|e| e == "part")).map(|path| fs::read(path).unwrap())
}

#[test]
fn a_download_is_kept() {
    let (env, server, source, archive) = setup();
    env.base(vec![source.clone()]).unwrap();
    assert_eq!(server.requests(), [0]);
    fs::remove_dir_all(env.cache().join("base")).unwrap();
    env.base(vec![source.clone()]).unwrap();
    assert_eq!(server.requests(), [0; 0], "the download is in the cache");

    // Damaged in the cache, it is fetched again.
    let kept = env.cache().join("downloads").join(sha256(&archive).to_string());
    fs::write(&kept, &archive[1..]).unwrap();
    fs::remove_dir_all(env.cache().join("base")).unwrap();
    env.base(vec![source]).unwrap();
    assert_eq!(server.requests(), [0]);
    assert!(env.notes.text().contains("damaged: fetching it again"));
    assert_eq!(fs::read(&kept).unwrap(), archive);
}

#[test]
fn a_download_goes_on_where_it_broke_off() {
    let (env, server, source, archive) = setup();
    let half = archive.len() / 2;
    server.answers(Manner::UpTo(half));
    let error = env.base(vec![source.clone()]).err().unwrap();
    assert!(matches!(error, BaseError::NoSource(_)), "{error:?}");
    assert!(error.to_string().contains("the next run goes on from there"), "{error}");
    assert_eq!(part(&env).unwrap(), archive[..half]);
    assert!(env.imported().is_empty());

    server.answers(Manner::Well).requests();
    env.base(vec![source]).unwrap();
    assert_eq!(server.requests(), [half]);
    assert_eq!(part(&env), None);
}

#[test]
fn a_download_starts_again_where_the_server_cannot_resume() {
    let (env, server, source, archive) = setup();
    server.answers(Manner::UpTo(archive.len() / 2));
    env.base(vec![source.clone()]).err().unwrap();
    server.answers(Manner::WithoutRanges).requests();
    env.base(vec![source]).unwrap();
    assert_eq!(server.requests(), [archive.len() / 2, 0]);
}

#[test]
fn a_part_of_something_else_is_thrown_away() {
    let (env, server, source, archive) = setup();
    let downloads = env.cache().join("downloads");
    fs::create_dir_all(&downloads).unwrap();
    for rubbish in [archive.len() / 3, archive.len(), archive.len() * 2] {
        let _ = fs::remove_dir_all(env.cache().join("base"));
        let _ = fs::remove_file(downloads.join(sha256(&archive).to_string()));
        fs::write(downloads.join(format!("{}.part", sha256(&archive))), vec![0; rubbish]).unwrap();
        env.base(vec![source.clone()]).unwrap();
        assert_eq!(server.requests(), [rubbish, 0], "it tried to go on, then started again");
    }
}

#[test]
fn a_server_without_the_archive_leads_to_the_next_source() {
    let (env, server, source, archive) = setup();
    server.answers(Manner::NotFound);
    env.base(vec![source, env.archive("linux-9.9.tar.xz", &archive)]).unwrap();
    assert!(env.notes.text().contains("cannot fetch http://127.0.0.1"), "{}", env.notes.text());
}

#[test]
fn a_server_with_something_else_is_an_error() {
    let (env, server, source, _) = setup();
    server.has(b"<html>Please log in</html>");
    let error = env.base(vec![source]).err().unwrap();
    assert!(matches!(error, BaseError::Fetch(FetchError::Checksum { .. })), "{error:?}");
    assert!(error.hint().is_some());
    assert_eq!(part(&env), None, "nothing of it is kept");
}

/// Downloads with little patience.
fn within(env: &Env, source: &Source, limits: Limits) -> FetchError {
    let downloads = env.cache().join("downloads");
    fetch_within(source, &downloads, limits, &env.notes).unwrap_err()
}

#[test]
fn a_server_without_end_is_left() {
    let (env, server, source, archive) = setup();
    server.answers(Manner::Endless);
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let error = within(&env, &source, limits);
    assert!(matches!(error, FetchError::Endless { limit, .. } if limit == 1 << 20), "{error:?}");
    assert!(error.is_unavailable() && error.hint().unwrap().contains("nothing of it was kept"));
    assert_eq!(part(&env), None);
    // The next source may have it.
    let next = env.archive("linux-9.9.tar.xz", &archive);
    let pin = pin(vec![source, next]);
    Cache::at(env.cache()).within(limits).base(&pin, false, &env.notes).unwrap();
    assert!(env.notes.text().contains("which no kernel has"), "{}", env.notes.text());
}

#[test]
fn a_server_that_sends_nothing_is_left() {
    let (env, server, source, _) = setup();
    server.answers(Manner::Silent);
    let start = Instant::now();
    let limits = Limits { patience: Duration::from_secs(1), ..Limits::default() };
    let error = within(&env, &source, limits);
    assert!(matches!(error, FetchError::Download { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn a_server_that_leads_in_circles_is_left() {
    let (env, server, source, _) = setup();
    server.answers(Manner::Elsewhere);
    let error = within(&env, &source, Limits::default());
    let FetchError::Download { source: cause, .. } = &error else { panic!("{error:?}") };
    assert!(cause.to_string().contains("redirect"), "{cause}");
    assert!(server.requests().len() <= 6);
}

#[test]
fn what_links_lead_to_stays_as_it_is() {
    let (env, server, source, archive) = setup();
    let downloads = env.cache().join("downloads");
    fs::create_dir_all(&downloads).unwrap();
    let precious = env.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    for name in [format!("{}.part", sha256(&archive)), sha256(&archive).to_string()] {
        std::os::unix::fs::symlink(&precious, downloads.join(name)).unwrap();
    }
    env.base(vec![source]).unwrap();
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert_eq!(server.requests(), [0], "it begins at the start");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let env = Env::new();
    for path in ["/dev/zero", "/"] {
        let error = env.base(vec![Source::File { path: path.into(), sha256: sha256(b"") }]).err().unwrap();
        assert!(matches!(error, BaseError::Fetch(FetchError::File(_))), "{error:?}");
    }
    let pipe = env.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(env.base(vec![Source::File { path: pipe, sha256: sha256(b"") }]).is_err());
}
