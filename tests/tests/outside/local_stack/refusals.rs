//! What keeps the stack from starting: one clear line each, and exit code 1.

use std::net::TcpListener;
use std::path::PathBuf;

use tests::{Failure, Stack, unique, workspace};

/// A file in a folder of its own that lasts as long as the test.
struct Scratch(PathBuf);

impl Scratch {
    fn template(text: &str) -> Self {
        let folder = std::env::temp_dir().join(unique("template"));
        std::fs::create_dir(&folder).expect("a new folder");
        std::fs::write(folder.join("template.yaml"), text).expect("a new file");
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.join("template.yaml").display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn template() -> String {
    std::fs::read_to_string(workspace().join("template.yaml")).expect("the template")
}

/// The one line that was said.
#[track_caller]
fn only_line(failure: &Failure) -> &str {
    assert_eq!(failure.code, Some(1), "{failure:?}");
    assert_eq!(failure.stdout, "", "nothing is ready");
    let lines: Vec<_> = failure.stderr.lines().collect();
    let [line] = lines[..] else { panic!("not one line: {failure:?}") };
    line
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let failure = Stack::fail(&["--port", &port]).await;
    assert!(only_line(&failure).contains(&port), "{failure:?}");
}

#[tokio::test]
async fn a_template_that_is_not_there() {
    let path = std::env::temp_dir().join(unique("nothing")).join("template.yaml");
    let path = path.to_str().expect("a path of UTF-8");
    let failure = Stack::fail(&["--port", "0", "--template", path]).await;
    assert!(only_line(&failure).contains(path), "{failure:?}");
}

#[tokio::test]
async fn a_template_that_is_no_yaml() {
    let scratch = Scratch::template("Resources:\n  Chats: {\n  - [\n");
    let failure = Stack::fail(&["--port", "0", "--template", &scratch.path()]).await;
    let line = only_line(&failure);
    assert!((2..=4).any(|number| line.contains(&format!("{}:{number}", scratch.path()))), "{line}");
}

#[tokio::test]
async fn a_template_that_names_what_is_not_there() {
    let before = template();
    let line = before.lines().position(|line| line.contains("!Ref Messages")).expect("a line") + 1;
    let scratch = Scratch::template(&before.replacen("!Ref Messages", "!Ref Massages", 1));
    let failure = Stack::fail(&["--port", "0", "--template", &scratch.path()]).await;
    let said = only_line(&failure);
    assert!(said.contains(&format!("{}:{line}", scratch.path())) && said.contains("Massages"), "{said}");
}

#[tokio::test]
async fn a_template_with_something_it_cannot_do() {
    let before = template();
    let line = before.lines().position(|line| line.contains("AWS::Serverless::HttpApi")).expect("a line") + 1;
    let scratch = Scratch::template(&before.replacen("AWS::Serverless::HttpApi", "AWS::Serverless::Api", 1));
    let failure = Stack::fail(&["--port", "0", "--template", &scratch.path()]).await;
    let said = only_line(&failure);
    assert!(said.contains(&scratch.path()), "{said}, where line {line} is the cause");
}

#[tokio::test]
async fn a_function_that_was_not_built() {
    let failure = Stack::fail(&["--port", "0", "--profile", "never-built"]).await;
    assert!(only_line(&failure).contains("never-built"), "{failure:?}");
}
