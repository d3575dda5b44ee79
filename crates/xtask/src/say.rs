//! What goes to stdout. A reader who leaves before the end (`| head`) is no reason to panic: the
//! signal that tells of it ends the command as Ctrl-C does (`children`).

/// As `print!`, and at once.
macro_rules! say_on {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let mut stdout = std::io::stdout();
        write!(stdout, $($words)*).and_then(|()| stdout.flush()).ok();
    }};
}

/// As `println!`.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($words)*).ok();
    }};
}
