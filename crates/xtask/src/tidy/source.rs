//! One Rust file as the rules see it: its lines, its functions, its words.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A Rust file.
pub(super) struct Source {
    /// From the root of the workspace.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) functions: Vec<Function>,
    pub(super) words: Vec<Word>,
    /// How many lines its `#[cfg(test)]` items take.
    pub(super) test_lines: usize,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    /// The lines between its braces; 1 if it stands on one line.
    pub(super) length: usize,
    pub(super) in_tests: bool,
}

/// An identifier; text in comments and strings is none.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
    /// Whether arguments follow.
    pub(super) called: bool,
}

impl Source {
    pub(super) fn read(path: String, text: String) -> Result<Self> {
        let tokens: TokenStream =
            text.parse().map_err(|error| anyhow!("{path} is not Rust: {error}"))?;
        let in_tests = is_test_path(&path);
        let (functions, words) = (Vec::new(), Vec::new());
        let mut source = Self { path, text, functions, words, test_lines: 0 };
        source.walk(tokens, in_tests);
        Ok(source)
    }

    /// Whether the whole file is a test.
    pub(super) fn is_test(&self) -> bool {
        is_test_path(&self.path)
    }

    fn walk(&mut self, tokens: TokenStream, in_tests: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        // The line of a `#[cfg(test)]` whose item has not ended yet.
        let mut test_since = None;
        for (place, token) in tokens.iter().enumerate() {
            let rest = &tokens[place + 1..];
            match token {
                TokenTree::Ident(_) => self.note(token, rest, in_tests || test_since.is_some()),
                TokenTree::Punct(mark) if mark.as_char() == ';' => test_since = None,
                TokenTree::Group(group) => {
                    self.walk(group.stream(), in_tests || test_since.is_some());
                    if is_cfg_test(group) {
                        test_since = Some(first_line(token));
                    } else if group.delimiter() == Delimiter::Brace {
                        self.end_test(test_since.take(), group);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn end_test(&mut self, since: Option<usize>, body: &Group) {
        if let Some(first) = since {
            self.test_lines += last_line(body) + 1 - first;
        }
    }

    fn note(&mut self, word: &TokenTree, rest: &[TokenTree], in_tests: bool) {
        let text = word.to_string();
        if text == "fn"
            && let Some(function) = function(rest, in_tests)
        {
            self.functions.push(function);
        }
        let called = matches!(rest.first(), Some(next) if is_group(next, Delimiter::Parenthesis));
        self.words.push(Word { text, line: first_line(word), called });
    }
}

/// The function whose tokens, after `fn`, these are.
fn function(tokens: &[TokenTree], in_tests: bool) -> Option<Function> {
    let Some(TokenTree::Ident(name)) = tokens.first() else {
        return None;
    };
    let ends = |token: &&TokenTree| is_group(token, Delimiter::Brace) || is_semicolon(token);
    let TokenTree::Group(body) = tokens.iter().find(ends)? else {
        return None;
    };
    let between = last_line(body) - body.span_open().start().line;
    let length = between.saturating_sub(1).max(1);
    Some(Function { name: name.to_string(), line: name.span().start().line, length, in_tests })
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';')
}

fn is_cfg_test(group: &Group) -> bool {
    let written: String = group.stream().to_string().split_whitespace().collect();
    group.delimiter() == Delimiter::Bracket && written == "cfg(test)"
}

fn first_line(token: &TokenTree) -> usize {
    token.span().start().line
}

fn last_line(group: &Group) -> usize {
    group.span_close().start().line
}

fn is_test_path(path: &str) -> bool {
    path.split('/').any(|folder| folder == "tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"//! A file.

trait Shape {
    fn area(&self) -> u32;
}

/// Calls `window()`, as a comment says.
fn one_line() -> fn(u32) -> u32 { window() }

fn three() {
    let a = "forget()";

    closure.forget();
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_story() {
        three();
    }
}
"#;

    fn source() -> Source {
        Source::read("crates/a/src/lib.rs".into(), TEXT.into()).unwrap()
    }

    #[test]
    fn functions_are_measured_by_the_lines_between_their_braces() {
        let measured: Vec<_> = source()
            .functions
            .into_iter()
            .map(|function| (function.name, function.line, function.length, function.in_tests))
            .collect();
        let expected =
            [("one_line", 8, 1, false), ("three", 10, 3, false), ("a_story", 19, 1, true)];
        let expected =
            expected.map(|(name, line, length, tests)| (name.to_owned(), line, length, tests));
        assert_eq!(measured, expected);
    }

    #[test]
    fn the_lines_of_tests_are_counted_apart() {
        assert_eq!(source().test_lines, 7);
    }

    #[test]
    fn comments_and_strings_are_no_words() {
        let source = source();
        let lines = |text: &str| -> Vec<_> {
            source.words.iter().filter(|word| word.text == text).map(|word| word.line).collect()
        };
        assert_eq!(lines("window"), [8]);
        assert_eq!(lines("forget"), [13]);
    }

    #[test]
    fn what_follows_a_test_item_is_measured_again() {
        let text = "#[cfg(test)]\nmod tests;\nfn code() {\n}\n";
        let source = Source::read("src/lib.rs".into(), text.into()).unwrap();
        assert!(!source.functions[0].in_tests);
        assert_eq!(source.test_lines, 0);
    }
}
