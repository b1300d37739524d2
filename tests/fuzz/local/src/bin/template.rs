//! Templates: one that is read has routes that can be taken and policies that can be asked; one that is not says on which
//! line it is wrong.
#![no_main]

use local::http_api::router::Router;
use local::permissions::Permissions;
use local::template::{Given, Template};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for reads_policies in [false, true] {
        let given =
            Given { backend_key: "key", console: "http://localhost", reads_policies, ..Given::default() };
        let template = match Template::parse(text, &given) {
            Ok(template) => template,
            Err(problem) => {
                // To YAML a carriage return alone ends a line, too.
                let lines = text.split(['\n', '\r']).count() + 1;
                assert!((1..=lines).contains(&problem.line), "{problem:?} in {lines} lines");
                assert!(!problem.message.is_empty(), "{problem:?}");
                assert_eq!(Template::parse(text, &given).err(), Some(problem));
                continue;
            }
        };
        let router = Router::new(&template.http_api.routes);
        for route in &template.http_api.routes {
            let Some(key) = &route.key else { continue };
            let method = key.method.clone().unwrap_or(http::Method::GET);
            let path = key.path.replace(['{', '}', '+'], "");
            // A path of parameters has no empty part; what is literal is found as it stands.
            if !key.path.contains("{}") && !key.path.contains("{+}") {
                assert!(router.select(&method, &path).is_some(), "{key:?} as {path}");
            }
        }
        let permissions = Permissions::new(&template);
        assert!(permissions.check("nobody's", "dynamodb:GetItem", "arn:aws:dynamodb:*").is_ok());
    }
});
