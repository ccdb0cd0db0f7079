//! A browser without a window, spoken to over two pipes in Chromium's own protocol.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Nothing takes longer, on a machine that is busy with others.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program: the one that is named, which must be there (the test command names one where it has or gets one), or one on the path; none where
/// there is none.
pub fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("BOLDLY_CHROMIUM").map(PathBuf::from);
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut all = std::env::split_paths(&folders).flat_map(|f| names.map(|name| f.join(name)));
    let found = named.or_else(|| all.find(|path| path.is_file()));
    if let Some(path) = &found {
        assert!(path.is_file(), "BOLDLY_CHROMIUM: {} is not there", path.display());
    } else {
        println!("skipped 1: no Chromium; set BOLDLY_CHROMIUM");
    }
    found
}

/// Words of a drawing that lie on each other, or run over its edge.
pub const CROWDED: &str = "(() => { const found = []; for (const svg of document.querySelectorAll('figure svg')) { \
    const box = e => e.getBoundingClientRect(), own = box(svg); \
    const all = [...svg.querySelectorAll('text')].map(t => [t, box(t)]).filter(([t, b]) => b.width > 0); \
    for (const [t, b] of all) if (b.left < own.left - 1 || b.right > own.right + 1 || b.top < own.top - 1 || b.bottom > own.bottom + 1) found.push('edge: ' + t.textContent); \
    for (let i = 0; i < all.length; i++) for (let j = 0; j < i; j++) { const [a, b] = [all[i][1], all[j][1]]; \
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top); \
      if (across > 2 && down > 0.4 * Math.min(a.height, b.height)) found.push(all[i][0].textContent + ' on ' + all[j][0].textContent); } } \
    return found; })()";

/// Words that stand out too little from what is behind them (WCAG 2.1: 4.5 to 1).
pub const FAINT: &str = "(() => { const parts = c => { const m = c.match(/[\\d.]+/g); return m ? m.map(Number) : [0, 0, 0, 0]; }; \
    const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; }; \
    const behind = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > .99) return c.slice(0, 3); } return [255, 255, 255]; }; \
    const found = new Set(); \
    for (const e of document.querySelectorAll('p, td, th, li, figcaption, summary, h1, h2, h3, caption')) { \
      if (!e.textContent.trim() || !e.getClientRects().length) continue; \
      const [a, b] = [light(parts(getComputedStyle(e).color).slice(0, 3)), light(behind(e))]; \
      const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05); \
      if (ratio < 4.5) found.add(e.tagName + ' ' + ratio.toFixed(1) + ' ' + e.textContent.slice(0, 40)); } \
    return [...found]; })()";

/// Drawings on another ground than their page, and words of drawings that stand out too little from it.
pub const GLARING: &str = "(() => { const parts = c => (c.match(/[\\d.]+/g) || [0, 0, 0]).map(Number).slice(0, 3); \
    const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; }; \
    const body = light(parts(getComputedStyle(document.body).backgroundColor)), found = new Set(); \
    for (const svg of document.querySelectorAll('figure svg')) { \
      if (!svg.getClientRects().length) continue; \
      const rect = svg.querySelector(':scope > desc + rect'), ground = rect ? light(parts(getComputedStyle(rect).fill)) : body; \
      if (Math.abs(ground - body) > .2) found.add('the ground of ' + svg.id); \
      for (const t of svg.querySelectorAll('text:not(.cell, .on-dark, .on-light)')) { \
        if (['#000000', '#ffffff'].includes(t.getAttribute('fill'))) continue; \
        const a = light(parts(getComputedStyle(t).fill)), ratio = (Math.max(a, ground) + .05) / (Math.min(a, ground) + .05); \
        if (ratio < 4.5) found.add(ratio.toFixed(1) + ' ' + t.textContent.slice(0, 40)); } } \
    return [...found]; })()";

/// What is wider than its place and not reached by keys.
pub const LOST: &str = "[...document.querySelectorAll('body *')].filter(e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && \
    e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0).map(e => e.tagName + '.' + e.className)";
/// Pictures that are not told in words.
pub const MUTE: &str = "[...document.querySelectorAll('figure svg, figure img')].filter(i => !(i.alt || (i.getAttribute('role') === 'img' && \
    (i.querySelector('title') || i.getAttribute('aria-label'))))).map(i => i.outerHTML.slice(0, 80))";

/// A browser with one page.
pub struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    last: u64,
    _folder: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    pub fn start(program: &Path) -> Browser {
        let folder = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        let child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<to 4>from"])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage"])
            .args(["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])
            .args(["--disable-background-networking", "--hide-scrollbars"])
            .args(["--remote-debugging-pipe", "--user-data-dir=profile"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(to).unwrap();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let Ok(file) = File::open(from) else { return };
            for message in BufReader::new(file).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let (events, session, last) = (VecDeque::new(), None, 0);
        let mut browser =
            Browser { child, to, from: receiver, events, session, last, _folder: folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Network.enable", "Runtime.enable"] {
            browser.call(domain, json!({}));
        }
        browser
    }

    /// A method of the protocol, and what it answers.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        loop {
            let answer = self.from.recv_timeout(PATIENCE).expect("an answer of the browser");
            if answer["id"] == json!(self.last) {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push_back(answer);
        }
    }

    /// What an expression of the page's script comes to.
    #[track_caller]
    pub fn eval(&mut self, script: &str) -> Value {
        let asked = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{script}: {answer}");
        answer["result"]["value"].clone()
    }

    #[track_caller]
    pub fn text(&mut self, id: &str) -> String {
        let text = self.eval(&format!("document.getElementById('{id}').textContent"));
        text.as_str().unwrap_or_else(|| panic!("no text of {id}")).to_owned()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn until(&mut self, script: &str) {
        let began = Instant::now();
        while self.eval(script) != json!(true) {
            let status = "(document.getElementById('viewer-status') || document.body).textContent";
            assert!(began.elapsed() < PATIENCE, "{script}: {}", self.eval(status));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Opens a page of this width, in a light or a dark setting.
    pub fn open(&mut self, page: &Path, width: usize, dark: bool) {
        self.events.clear();
        self.size(width, 900);
        self.media("screen", dark);
        self.call("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        self.until("document.readyState === 'complete' && location.protocol === 'file:'");
    }

    pub fn size(&mut self, width: usize, height: usize) {
        let of =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", of);
    }

    pub fn media(&mut self, media: &str, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": media, "features": features }));
    }

    /// The page with all of it unfolded runs over no edge, and nothing is crowded, faint, out of reach or without words.
    #[track_caller]
    pub fn assert_tidy(&mut self, at: &str) {
        self.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
        let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(self.eval(over), json!(0), "{at}: the page runs over the edge");
        for (script, what) in [
            (CROWDED, "crowded"),
            (FAINT, "faint"),
            (GLARING, "glaring"),
            (LOST, "not reached by keys"),
            (MUTE, "mute"),
        ] {
            assert_eq!(self.eval(script), json!([]), "{at}: {what}");
        }
    }

    /// A key, down and up.
    pub fn key(&mut self, key: &str, code: u32) {
        let text = match key {
            "Enter" => "\r",
            " " => " ",
            _ => "",
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// A click in the middle of what a selector finds.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let script = format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{ block: 'center' }}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()",
            json!(selector)
        );
        let at = self.eval(&script);
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// What was asked of a network since the page was opened.
    pub fn requests(&mut self) -> Vec<String> {
        self.eval("1");
        let own = ["file:", "data:", "blob:"];
        let url = |event: &Value| Some(event["params"]["request"]["url"].as_str()?.to_owned());
        let asked =
            self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        asked.filter_map(url).filter(|url| !own.iter().any(|kind| url.starts_with(kind))).collect()
    }

    /// Errors that the page's script threw or told.
    pub fn errors(&mut self) -> Vec<String> {
        self.eval("1");
        let told = |event: &&Value| {
            event["method"] == "Runtime.exceptionThrown"
                || (event["method"] == "Runtime.consoleAPICalled"
                    && event["params"]["type"] == "error")
        };
        self.events.iter().filter(told).map(Value::to_string).collect()
    }

    /// Keeps a picture of the whole page where pictures are asked for.
    pub fn look(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("BOLDLY_LOOK").map(PathBuf::from) else { return };
        fs::create_dir_all(&folder).unwrap();
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true }));
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// The page as it is printed.
    pub fn printed(&mut self) -> Vec<u8> {
        let printed = self
            .call("Page.printToPDF", json!({ "printBackground": true, "preferCSSPageSize": true }));
        STANDARD.decode(printed["data"].as_str().unwrap()).unwrap()
    }
}
