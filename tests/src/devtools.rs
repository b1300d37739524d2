//! A tab of a real browser, driven as its developer tools drive it: for pages that are not the test's own and report
//! nothing.

use std::collections::BTreeSet;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::browser::Profile;
use crate::{Anonymous, Caller as _, Owned, eventually, in_time};

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

/// A tab. Its browser ends with it.
#[derive(Debug)]
pub struct Tab {
    // The process first: it ends before its folder goes.
    _process: Owned,
    _profile: Profile,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
    requested: BTreeSet<String>,
}

impl Tab {
    /// An empty tab in a browser of its own.
    pub async fn new() -> Self {
        let profile = Profile::new();
        let process = profile.start("about:blank", &["--remote-debugging-port=0"]);
        let path = profile.path().join("DevToolsActivePort");
        let port = eventually("the browser's port", async || {
            let text = tokio::fs::read_to_string(&path).await.ok()?;
            text.lines().next()?.parse::<u16>().ok()
        })
        .await;
        let tools = Anonymous::of_other(&format!("http://127.0.0.1:{port}"));
        let url = eventually("a tab", async || {
            let tabs = tools.get("/json/list").await.json();
            let page = tabs.as_array()?.iter().find(|tab| tab["type"] == "page")?;
            page["webSocketDebuggerUrl"].as_str().map(str::to_owned)
        })
        .await;
        let (stream, _) = in_time("the tab", connect_async(url)).await.expect("an open tab");
        let mut tab =
            Self { _process: process, _profile: profile, stream, last_id: 0, requested: BTreeSet::new() };
        tab.call("Network.enable", json!({})).await;
        tab
    }

    /// Goes to a page.
    pub async fn visit(&mut self, url: &str) {
        self.call("Page.navigate", json!({"url": url})).await;
    }

    /// Waits until some text is to be read on the page.
    pub async fn read(&mut self, text: &str) {
        in_time(text, async {
            loop {
                let shown = self.call("Runtime.evaluate", json!({"expression": TEXT})).await;
                if shown["result"]["value"].as_str().is_some_and(|shown| shown.contains(text)) {
                    return;
                }
            }
        })
        .await;
    }

    /// The URLs that the tab has asked for so far.
    pub fn requested(&self) -> &BTreeSet<String> {
        &self.requested
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let call = json!({"id": self.last_id, "method": method, "params": params});
        self.stream.send(Message::text(call.to_string())).await.expect("an open tab");
        loop {
            let message =
                in_time(method, self.stream.next()).await.expect("an open tab").expect("an open tab");
            let Message::Text(text) = message else { continue };
            let told: Value = serde_json::from_str(&text).expect("JSON");
            if told["method"] == "Network.requestWillBeSent" {
                self.requested.extend(told["params"]["request"]["url"].as_str().map(str::to_owned));
            }
            if told["id"] == self.last_id {
                assert!(told["error"].is_null(), "{method} was answered with {told}");
                return told["result"].clone();
            }
        }
    }
}
