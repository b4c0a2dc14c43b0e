// SPDX-License-Identifier: GPL-2.0-only

//! Downloads with curl from a server of this machine that breaks off, cannot resume, or has something else.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use drm_rust::base::cache::BaseError;
use drm_rust::base::fetch::FetchError;
use drm_rust::base::pin::Source;
use drm_rust::error::Explain;

use crate::archives::{kernel, tar, xz};
use crate::cache::{Env, sha256};

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
