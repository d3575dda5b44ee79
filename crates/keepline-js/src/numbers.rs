//! What the numbers mean that cross between the driver and the core; `ts/numbers.ts` says the same.

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) enum $name {
            $($variant,)*
        }

        #[allow(dead_code, reason = "of some the driver only hears")]
        impl $name {
            const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What the driver means by this number.
            pub(crate) fn of(number: u32) -> Option<Self> {
                Self::ALL.get(number as usize).copied()
            }

            #[cfg(test)]
            const NAMES: &[&str] = &[$(stringify!($variant),)*];
        }
    };
}

numbered! {
    /// What is told to a line by no more than numbers.
    News {
        Refused, Unavailable, TooLarge, PeerClosing, Buffered, Shown, Restored, Resumed, NetworkUp,
        Slept, Hidden, NetworkDown, Suspended, Left, TryAgain, Stop, Unusable, Arrived, Answered,
        Diagnosed,
    }
}

numbered! {
    /// What is asked of it by no more than numbers.
    Call {
        Timeout, Connect, Retry, Abandon, SendHeld, Cancel, Took, Reads, Flush, Due, Owns,
        LargestFrame, LargestMessage, QueuedMessages, QueuedBytes, HasRoomFor, WasRefused,
    }
}

numbered! {
    /// What is asked of it, or told to it, by a text and numbers.
    Words {
        Send, Close, Renew, Opened, Closed, Provided, Terms,
    }
}

numbered! {
    /// The same, by bytes and a number.
    Bytes {
        Send, Received, Random,
    }
}

numbered! {
    /// What a host is to do that takes no more than numbers.
    Act {
        Open, Renew, Diagnose, HandOver, Measure, Abandon, Discard, Flush, Room, Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of an enum in `ts/numbers.ts`.
    fn members(name: &str) -> Vec<&'static str> {
        let text = include_str!("../ts/numbers.ts");
        let (_, rest) =
            text.split_once(&format!("enum {name} {{\n")).expect("there is such an enum");
        let (body, _) = rest.split_once('}').expect("it ends");
        body.split(',').map(str::trim).filter(|member| !member.is_empty()).collect()
    }

    #[test]
    fn both_sides_mean_the_same_by_a_number() {
        assert_eq!(members("News"), News::NAMES);
        assert_eq!(members("Call"), Call::NAMES);
        assert_eq!(members("Words"), Words::NAMES);
        assert_eq!(members("Bytes"), Bytes::NAMES);
        assert_eq!(members("Act"), Act::NAMES);
    }
}
