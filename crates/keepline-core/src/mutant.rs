//! Bugs that the simulator plants, one at a time, to prove that it would see them. Without the
//! feature `mutants` there are none, and the compiler knows it.

macro_rules! mutants {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant {
            $($(#[$doc])* $name,)*
        }

        #[cfg(feature = "mutants")]
        impl Mutant {
            /// All that there are.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

mutants! {
    /// An acknowledgement tells one message more than was taken.
    TakenToldTooHigh,
    /// What was received is told as taken.
    ReceivedToldAsTaken,
    /// An acknowledgement goes back.
    AckGoesBack,
    /// The last acknowledgement is never sent.
    AckForgotten,
    /// After a loss the sender goes on one message too late.
    ResumesTooLate,
    /// After a loss the sender goes on one message too early.
    ResumesTooEarly,
    /// One message more than the window is sent.
    WindowOffByOne,
    /// The window in bytes is not kept.
    ByteCreditIgnored,
    /// A client takes any epoch for the one it knows.
    EpochIgnored,
    /// A hello does not say which epoch the client knows.
    EpochNotTold,
    /// A message that came again is handed to the application.
    DuplicateNotDiscarded,
    /// Message numbers are not checked.
    NumberNotChecked,
    /// News of a connection that was given up counts.
    StaleConnectionHeard,
    /// A session's older connection is not closed.
    OlderNotDetached,
    /// A connection that is given up is not closed.
    LeaksOnGiveUp,
    /// The old connection is not closed after a move.
    LeaksOnMove,
    /// Numbers must follow each other even over what an older connection has brought.
    NothingPassedOver,
    /// A delivered message is told twice.
    FateToldTwice,
    /// A message in no frame is told as unknown.
    NeverSentToldUnknown,
    /// A message that nobody knows of is told as delivered.
    LostToldDelivered,
    /// What an older epoch may have taken is told as not taken.
    DoubtForgotten,
    /// A tombstone says that what was received was taken.
    TombstoneWrong,
    /// No tombstone is laid.
    TombstoneMissing,
    /// A server's `end` says that what was received was taken.
    EndSaysReceived,
    /// After its `end` the client's application still takes what it was given.
    DiscardForgotten,
    /// A hello from the past is accepted.
    SupersededAccepted,
    /// Every hello has the same attempt.
    AttemptNotRaised,
    /// The driver is not asked to flush.
    FlushForgotten,
    /// New messages are sent to a server that goes away.
    DrainSendsNew,
    /// What a server said before it closed is forgotten.
    ByeIgnored,
    /// Attempts have no pace.
    PaceIgnored,
    /// Failures are never forgotten.
    BackoffNotReset,
    /// A retry waits for as long as it may.
    RetryWithoutJitter,
    /// A retry waits too long.
    RetryTooLate,
    /// A ping is not answered.
    PongForgotten,
    /// A silent line is kept.
    SilenceTolerated,
    /// What sessions hold is not counted.
    TotalNotCounted,
    /// The total bound is not kept.
    TotalNotBounded,
    /// What was granted is kept, whatever all hold by now.
    GrantedNotBounded,
    /// Sessions without a connection are kept for ever.
    NeverExpires,
    /// An end that overtakes the greeting.
    EndBeforeGreeting,
    /// A message in a frame is taken back.
    SentTakenBack,
    /// Of a message that is taken back nothing is told.
    WithdrawalNotTold,
    /// Messages wait for ever.
    NeverGrowsOld,
    /// A message does not replace the one before under its key.
    KeyIgnored,
    /// A message makes room that was sent on other terms.
    AnythingDropped,
    /// A message expires before its time.
    ExpiresEarly,
    /// What was withdrawn still counts.
    WithdrawnStillCounted,
    /// A socket is given more than it should hold.
    HighMarkIgnored,
    /// A socket that held too much is never looked at again.
    GateStaysShut,
    /// A page that wakes does not hurry a line that waits.
    WakeDoesNotHurry,
    /// A page that wakes does not heed what the server has asked for.
    WakeOverridesBye,
    /// A page that wakes opens a line that the application has closed.
    WakeUndoesClose,
    /// A line that was asked on waking need not answer.
    WakeProofForgotten,
    /// An alarm that rings late is believed.
    LateAlarmBelieved,
    /// A page that stands still makes attempts.
    SuspendedTries,
    /// Without a network attempts are made as ever.
    OfflineIgnored,
}

#[cfg(feature = "mutants")]
mod planting {
    use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

    use super::Mutant;

    static PLANTED: AtomicU8 = AtomicU8::new(0);

    /// Plants this bug in the whole program, or takes it out again.
    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.store(mutant.map_or(0, |it| it as u8 + 1), Relaxed);
    }

    pub(crate) fn planted(mutant: Mutant) -> bool {
        PLANTED.load(Relaxed) == mutant as u8 + 1
    }
}

#[cfg(feature = "mutants")]
pub use planting::plant;
#[cfg(feature = "mutants")]
pub(crate) use planting::planted;

/// Whether this bug is planted.
#[cfg(not(feature = "mutants"))]
pub(crate) const fn planted(_: Mutant) -> bool {
    false
}
