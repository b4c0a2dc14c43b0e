// SPDX-License-Identifier: GPL-2.0-only

//! A headless Chromium, told what to do through WebDriver (W3C).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Keys, as WebDriver names them.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const SPACE: &str = " ";
pub(crate) const PAGE_DOWN: &str = "\u{e00f}";
pub(crate) const SHIFT: &str = "\u{e008}";

/// A browser with one window.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    /// The browser's profile.
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser.
    pub(crate) fn start() -> Self {
        let mut command = Command::new("chromedriver");
        let command = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command.spawn().expect("chromedriver is not installed: drm-rust setup --report");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        let server = format!("http://127.0.0.1:{}", port.expect("chromedriver tells its port"));
        // Nobody else reads what it says later.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let mut args = vec![
            "--headless".to_owned(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if rustix::process::geteuid().is_root() {
            args.push("--no-sandbox".into());
        }
        let capabilities = json!({
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let answer =
            request(minreq::post(format!("{server}/session")), &json!({"capabilities": {"alwaysMatch": capabilities}}));
        let session = format!("{server}/session/{}", answer["sessionId"].as_str().unwrap());
        Browser { driver, session, _profile: profile }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        request(minreq::post(format!("{}/{path}", self.session)), body)
    }

    /// Opens a file.
    pub(crate) fn open(&self, path: &Path) {
        self.post("url", &json!({"url": format!("file://{}", path.display())}));
    }

    /// Leaves the page, and comes back to it.
    pub(crate) fn leave_and_return(&self) {
        self.post("url", &json!({"url": "data:text/html,elsewhere"}));
        self.post("back", &json!({}));
        self.settle();
    }

    /// What a piece of JavaScript returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Presses keys, one after the other, wherever the focus is, and waits for what the page does upon them.
    pub(crate) fn press(&self, keys: &str) {
        let press = |key: char| {
            let key = key.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        };
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
        self.settle();
    }

    /// Presses a key while another is held.
    pub(crate) fn chord(&self, held: &str, key: &str) {
        let actions = [("keyDown", held), ("keyDown", key), ("keyUp", key), ("keyUp", held)]
            .map(|(kind, key)| json!({"type": kind, "value": key}));
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
        self.settle();
    }

    /// Waits until the page has drawn a frame and done what it put off.
    pub(crate) fn settle(&self) {
        self.run("return new Promise(done => requestAnimationFrame(() => setTimeout(done)))");
    }

    /// A command of Chromium's own.
    pub(crate) fn chromium(&self, command: &str, parameters: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Makes the window this large, in CSS pixels.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.chromium("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Has fingers instead of a mouse.
    pub(crate) fn touch(&self) {
        self.chromium("Emulation.setTouchEmulationEnabled", &json!({"enabled": true, "maxTouchPoints": 1}));
    }

    /// What people prefer: `light` or `dark`.
    pub(crate) fn prefer(&self, scheme: &str) {
        self.media("screen", &[("prefers-color-scheme", scheme)]);
    }

    /// What the page is shown on, and with which features.
    pub(crate) fn media(&self, media: &str, features: &[(&str, &str)]) {
        let features: Vec<Value> = features.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.chromium("Emulation.setEmulatedMedia", &json!({"media": media, "features": features}));
    }

    /// Prints the page.
    pub(crate) fn print(&self) {
        self.post("print", &json!({}));
    }

    /// What the console has been told since the last call.
    pub(crate) fn console(&self) -> Vec<Value> {
        self.post("se/log", &json!({"type": "browser"})).as_array().unwrap().clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // This ends the browser, too.
        let _ = minreq::delete(&self.session).send();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn request(request: minreq::Request, body: &Value) -> Value {
    let answer = request.with_timeout(60).with_json(body).unwrap().send().unwrap();
    let value: Value = answer.json().unwrap();
    assert_eq!(answer.status_code, 200, "{body}: {value:#}");
    value["value"].clone()
}
