//! Percent-encoding, and the query strings that use it.

use std::collections::HashMap;

/// Decodes a part of a path. What is not UTF-8 afterwards is replaced.
pub fn decode(text: &str) -> String {
    decode_bytes(text, false)
}

/// The parameters of a query string, each with all its values in order.
pub fn query(text: &str) -> HashMap<String, Vec<String>> {
    let mut parameters: HashMap<String, Vec<String>> = HashMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.entry(decode_bytes(name, true)).or_default().push(decode_bytes(value, true));
    }
    parameters
}

fn decode_bytes(text: &str, plus_is_space: bool) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let hex = |offset: usize| bytes.get(index + offset).and_then(|byte| (*byte as char).to_digit(16));
        match (byte, hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                // Two hexadecimal digits are at most 255.
                decoded.push((high * 16 + low) as u8);
                index += 3;
            }
            (b'+', ..) if plus_is_space => {
                decoded.push(b' ');
                index += 1;
            }
            (byte, ..) => {
                decoded.push(*byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries() {
        assert_eq!(decode("a%20b+c%zz%4"), "a b+c%zz%4");
        assert_eq!(decode("%C3%BC"), "ü");
        let query = query("a=1&b=x+y&a=%32&c&=z");
        assert_eq!(query["a"], ["1", "2"]);
        assert_eq!(query["b"], ["x y"]);
        assert_eq!(query["c"], [""]);
        assert_eq!(query[""], ["z"]);
    }
}
