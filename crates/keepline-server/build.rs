//! With the feature `dashboard`: says clearly when the dashboard is not built yet.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_DASHBOARD").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed=../../dist");
    if !Path::new("../../dist/index.html").is_file() {
        println!(
            "cargo::error=the feature `dashboard` embeds dist/, and dist/index.html is missing: \
             run `trunk build --release` at the root, or `cargo xtask demo` for all of it"
        );
    }
}
