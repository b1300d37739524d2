//! A tab of a browser, used as a person uses it: looking, clicking, typing. It is driven by the Chrome DevTools Protocol.
//!
//! What is looked for is named by a CSS selector and a text. Whatever is not there yet is waited for.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Profile;
use crate::{Owned, eventually, in_time};

/// Finds what can be seen: the first element of a selector that can, and has the text or is named so.
const FIND: &str = "
    const find = (selector, text) => [...document.querySelectorAll(selector)].find((node) =>
        node.checkVisibility({ visibilityProperty: true })
        && `${node.getAttribute('aria-label') ?? ''} ${node.innerText ?? ''} ${node.value ?? ''}`.includes(text));
";

/// Gives the middle of an element if a click there would meet it and nothing that lies above it.
const POINT: &str = "
    const node = find(selector, text);
    if (!node || node.disabled) return null;
    node.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    const box = node.getClientRects()[0];
    if (!box) return null;
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    return node.contains(hit) || hit?.contains(node) && hit.tagName === 'LABEL' ? [x, y] : null;
";

/// All text of a page, with what its components keep in trees of their own.
const TEXT: &str = "(() => {
    const parts = [];
    const walk = (node) => {
        if (node.shadowRoot) walk(node.shadowRoot);
        for (const child of node.childNodes) {
            if (child.nodeType === Node.TEXT_NODE) parts.push(child.data);
            else if (!['SCRIPT', 'STYLE'].includes(child.nodeName)) walk(child);
        }
    };
    walk(document.body);
    return parts.join(' ');
})()";

/// A browser with one tab.
#[derive(Debug)]
pub struct Tab {
    // The process first: it ends before its folder goes.
    _process: Owned,
    _profile: Profile,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    calls: u64,
    complaints: Vec<String>,
    requested: BTreeSet<String>,
}

impl Tab {
    /// Opens a page.
    pub async fn open(url: &str) -> Self {
        let profile = Profile::new();
        let process = profile.start(&["--remote-debugging-port=0", "about:blank"]);
        let file = profile.path().join("DevToolsActivePort");
        // Its first line is the port, its second one the path.
        let address = eventually("the browser's address", async || {
            let text = std::fs::read_to_string(&file).ok()?;
            let (port, path) = text.trim().split_once('\n')?;
            Some(format!("ws://127.0.0.1:{port}{path}"))
        });
        let (socket, _) = connect_async(address.await).await.expect("the browser's socket");
        let mut tab = Self {
            _process: process,
            _profile: profile,
            socket,
            session: None,
            calls: 0,
            complaints: Vec::new(),
            requested: BTreeSet::new(),
        };
        let page = eventually("a tab", async || {
            let targets = tab.call("Target.getTargets", json!({})).await;
            let targets = targets["targetInfos"].as_array()?.clone();
            targets.into_iter().find(|target| target["type"] == "page")
        });
        let page = page.await["targetId"].clone();
        let attached = tab.call("Target.attachToTarget", json!({"targetId": page, "flatten": true})).await;
        tab.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            tab.call(domain, json!({})).await;
        }
        tab.go(url).await;
        tab
    }

    /// Goes to a page, and waits until it is there.
    pub async fn go(&mut self, url: &str) {
        self.leave("Page.navigate", json!({"url": url})).await;
    }

    /// Loads the page again, and waits until it is there.
    pub async fn reload(&mut self) {
        self.leave("Page.reload", json!({})).await;
    }

    async fn leave(&mut self, method: &str, parameters: Value) {
        // So that the page before is not taken for the next one, which may be of the same address.
        self.call("Runtime.evaluate", json!({"expression": "globalThis.isLeft = true"})).await;
        let answer = self.call(method, parameters).await;
        assert!(answer["errorText"].is_null(), "{method}: {answer}");
        self.until("!globalThis.isLeft && document.readyState === 'complete'").await;
    }

    /// Gives the window another size.
    pub async fn resize(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Prefers `light` or `dark` colours.
    pub async fn prefer(&mut self, colours: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": colours});
        self.call("Emulation.setEmulatedMedia", json!({"features": [feature]})).await;
    }

    /// What a JavaScript expression is, as JSON.
    pub async fn evaluate(&mut self, expression: &str) -> Value {
        let wanted = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", wanted).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Waits until a JavaScript expression is true.
    pub async fn until(&mut self, expression: &str) {
        let wanted = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        eventually(expression, async || {
            // While a page goes there may be none to ask.
            let answer = self.try_call("Runtime.evaluate", wanted.clone()).await.ok()?;
            (answer["result"]["value"] == true).then_some(())
        })
        .await;
    }

    /// Clicks on what has a text.
    pub async fn click(&mut self, selector: &str, text: &str) {
        let look = function(POINT, selector, text);
        let what = format!("{selector} with {text:?}, to be clicked on");
        // What still moves would be missed.
        let mut last = Value::Null;
        let point = eventually(&what, async || {
            let point = self.evaluate(&look).await;
            let rests = point.is_array() && point == last;
            last = point.clone();
            rests.then_some(point)
        })
        .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({"type": kind, "x": point[0], "y": point[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Types a text into what has the focus.
    pub async fn insert(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Presses a key, such as `Enter` or `ArrowRight`.
    pub async fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "ArrowRight" => 39,
            _ => panic!("a key without a number: {key}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            if key == "Enter" && kind == "keyDown" {
                event["text"] = "\r".into();
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Waits until something with a text can be seen, and gives all of its text.
    pub async fn see(&mut self, selector: &str, text: &str) -> String {
        let look = function("return find(selector, text)?.innerText ?? null;", selector, text);
        let what = format!("{selector} with {text:?}");
        eventually(&what, async || self.evaluate(&look).await.as_str().map(str::to_owned)).await
    }

    /// Waits until some text is anywhere on the page.
    pub async fn read(&mut self, text: &str) {
        self.until(&format!("{TEXT}.includes({})", json!(text))).await;
    }

    /// Waits until nothing of a selector with a text can be seen.
    pub async fn miss(&mut self, selector: &str, text: &str) {
        let look = function("return !find(selector, text);", selector, text);
        let what = format!("the end of {selector} with {text:?}");
        eventually(&what, async || (self.evaluate(&look).await == true).then_some(())).await;
    }

    /// The addresses of all pages that are open.
    pub async fn addresses(&mut self) -> Vec<String> {
        let targets = self.call("Target.getTargets", json!({})).await;
        let targets = targets["targetInfos"].as_array().cloned().unwrap_or_default();
        let pages = targets.iter().filter(|target| target["type"] == "page");
        pages.filter_map(|page| page["url"].as_str().map(str::to_owned)).collect()
    }

    /// Writes what is seen into a PNG file.
    pub async fn picture(&mut self, path: &Path) {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        let bytes = STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("Base64");
        std::fs::write(path, bytes).expect("a file that can be written");
    }

    /// The URLs that the pages have asked for so far.
    pub fn requested(&self) -> &BTreeSet<String> {
        &self.requested
    }

    /// What the page did that it must not: errors that nobody caught, and what its policy forbids.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.try_call(method, parameters).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The result of a call, or what the browser has against it.
    async fn try_call(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            call["sessionId"] = session.as_str().into();
        }
        self.socket.send(Message::text(call.to_string())).await.expect("an open socket");
        loop {
            let message = in_time(method, self.socket.next()).await.expect("a browser").expect("a message");
            let Message::Text(text) = message else { continue };
            let told: Value = serde_json::from_str(&text).expect("JSON");
            if told["id"] == id {
                let refused = !told["error"].is_null();
                return if refused { Err(told["error"].clone()) } else { Ok(told["result"].clone()) };
            }
            self.note(&told);
        }
    }

    fn note(&mut self, told: &Value) {
        let (method, parameters) = (&told["method"], &told["params"]);
        if method == "Runtime.exceptionThrown" {
            self.complaints.push(parameters["exceptionDetails"].to_string());
        }
        if method == "Network.requestWillBeSent" {
            self.requested.extend(parameters["request"]["url"].as_str().map(str::to_owned));
        }
        let entry = &parameters["entry"];
        if method == "Log.entryAdded" && (entry["source"] == "security" || entry["source"] == "javascript") {
            self.complaints.push(entry["text"].to_string());
        }
    }
}

/// A function that looks for something.
fn function(body: &str, selector: &str, text: &str) -> String {
    format!("((selector, text) => {{ {FIND} {body} }})({}, {})", json!(selector), json!(text))
}
