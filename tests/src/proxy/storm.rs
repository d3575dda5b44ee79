//! Faults at random times, the same ones for the same seed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::ensure;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Network, Proxy, Stall};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// All connections are reset.
    Reset,
    /// All connections are ended with FIN.
    End,
    /// For this long, everything is swallowed; what was connected is dead for ever.
    BlackHole(Duration),
    /// For this long, everything is held, and goes on after it.
    Stall(Duration),
}

/// A fault, and how long the network is well before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gust {
    /// 200 to 800 ms after the fault before it has passed.
    pub after: Duration,
    /// What goes wrong.
    pub fault: Fault,
}

/// How often each fault comes, as weights beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// [`Fault::Reset`].
    pub resets: u32,
    /// [`Fault::End`].
    pub ends: u32,
    /// [`Fault::BlackHole`], of 0.3 to 3.3 s.
    pub black_holes: u32,
    /// [`Fault::Stall`], of 0.3 to 3.3 s.
    pub stalls: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self { resets: 4, ends: 2, black_holes: 1, stalls: 1 }
    }
}

/// The faults of a storm, without end.
#[derive(Clone, Debug)]
pub struct Schedule {
    chance: Chance,
    mix: Mix,
}

impl Schedule {
    /// The schedule that belongs to `seed`.
    ///
    /// # Errors
    ///
    /// When nothing is in the mix.
    pub fn new(seed: u64, mix: Mix) -> anyhow::Result<Self> {
        ensure!(mix != Mix { resets: 0, ends: 0, black_holes: 0, stalls: 0 }, "an empty mix");
        Ok(Self { chance: Chance(seed), mix })
    }

    fn fault(&mut self) -> Fault {
        let Mix { resets, ends, black_holes, stalls } = self.mix;
        let lasting = Duration::from_millis(self.chance.between(300, 3_300));
        let faults = [
            (resets, Fault::Reset),
            (ends, Fault::End),
            (black_holes, Fault::BlackHole(lasting)),
            (stalls, Fault::Stall(lasting)),
        ];
        let tickets = faults.map(|(weight, fault)| (u64::from(weight), fault));
        let mut drawn = self.chance.below(tickets.iter().map(|(weight, _)| weight).sum());
        for (weight, fault) in tickets {
            if drawn < weight {
                return fault;
            }
            drawn -= weight;
        }
        unreachable!("a ticket is drawn from those that there are")
    }
}

impl Iterator for Schedule {
    type Item = Gust;

    fn next(&mut self) -> Option<Gust> {
        let after = Duration::from_millis(self.chance.between(200, 800));
        Some(Gust { after, fault: self.fault() })
    }
}

/// How often each fault has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// [`Fault::Reset`].
    pub resets: usize,
    /// [`Fault::End`].
    pub ends: usize,
    /// [`Fault::BlackHole`].
    pub black_holes: usize,
    /// [`Fault::Stall`].
    pub stalls: usize,
}

impl Faults {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> usize {
        self.resets + self.ends + self.black_holes + self.stalls
    }

    fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Reset => self.resets += 1,
            Fault::End => self.ends += 1,
            Fault::BlackHole(_) => self.black_holes += 1,
            Fault::Stall(_) => self.stalls += 1,
        }
    }
}

/// A storm over a proxy. Dropping it stops it, and ends its last stall shortly after.
#[derive(Debug)]
pub struct Storm {
    faults: Arc<Mutex<Faults>>,
    raging: JoinHandle<()>,
}

impl Storm {
    /// Lets the storm of `seed` begin.
    ///
    /// # Errors
    ///
    /// When nothing is in the mix.
    pub fn start(proxy: &Proxy, seed: u64, mix: Mix) -> anyhow::Result<Self> {
        let schedule = Schedule::new(seed, mix)?;
        let faults = Arc::<Mutex<Faults>>::default();
        let calm = CalmAfterwards(Arc::clone(&proxy.network));
        let raging = tokio::spawn(rage(schedule, calm, Arc::clone(&faults)));
        Ok(Self { faults, raging })
    }

    /// What it has done by now.
    #[must_use]
    pub fn faults(&self) -> Faults {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops it, waits until the network is well again, and says what it has done.
    pub async fn stop(mut self) -> Faults {
        self.raging.abort();
        // It ends as cancelled, as it should.
        let _ = (&mut self.raging).await;
        self.faults()
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.raging.abort();
    }
}

/// The network of a storm, which leaves no stall behind wherever it is stopped.
struct CalmAfterwards(Arc<Network>);

impl Drop for CalmAfterwards {
    fn drop(&mut self) {
        self.0.resume();
    }
}

async fn rage(schedule: Schedule, calm: CalmAfterwards, faults: Arc<Mutex<Faults>>) {
    for Gust { after, fault } in schedule {
        sleep(after).await;
        faults.lock().unwrap_or_else(PoisonError::into_inner).add(fault);
        suffer(&calm.0, fault).await;
    }
}

async fn suffer(network: &Network, fault: Fault) {
    match fault {
        Fault::Reset => network.cut(),
        Fault::End => network.end(),
        Fault::BlackHole(lasting) => stall(network, Stall::Swallow, lasting).await,
        Fault::Stall(lasting) => stall(network, Stall::Hold, lasting).await,
    }
}

async fn stall(network: &Network, stall: Stall, lasting: Duration) {
    network.stall(stall);
    sleep(lasting).await;
    network.resume();
}

/// SplitMix64, after Steele, Lea and Flood (OOPSLA 2014).
#[derive(Clone, Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }
}
