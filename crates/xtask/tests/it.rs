//! The commands as a shell sees them.

use std::process::Command;

#[test]
fn a_reader_who_has_heard_enough_is_no_reason_to_panic() {
    for arguments in [["--help"].as_slice(), &["bench", "--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let ended = xtask.args(arguments).stdout(writer).output().unwrap();
        assert!(ended.status.success(), "{arguments:?}: {}", ended.status);
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{arguments:?}");
    }
}
