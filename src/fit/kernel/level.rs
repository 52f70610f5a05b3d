//! Instruction sets, chosen when the program runs.

use pulp::NullaryFnOnce;

/// A set of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the program was compiled for (SSE2 on plain x86-64, NEON on aarch64).
    Baseline,
    /// 256-bit vectors (x86-64-v3).
    Avx2,
    /// 512-bit vectors (x86-64-v4).
    Avx512,
}

impl Level {
    /// Every level that this machine has, lowest first.
    pub fn available() -> Vec<Self> {
        [Self::Baseline, Self::Avx2, Self::Avx512].into_iter().filter(|l| l.exists()).collect()
    }

    /// The highest level that this machine has.
    pub fn best() -> Self {
        #[cfg(test)]
        if let Some(level) = forced::level() {
            return level;
        }
        [Self::Avx512, Self::Avx2].into_iter().find(|l| l.exists()).unwrap_or(Self::Baseline)
    }

    #[cfg(target_arch = "x86_64")]
    fn exists(self) -> bool {
        match self {
            Self::Baseline => true,
            Self::Avx2 => pulp::x86::V3::is_available(),
            Self::Avx512 => pulp::x86::V4::is_available(),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn exists(self) -> bool {
        self == Self::Baseline
    }

    /// Runs `work`, compiled for this level; a level that the machine lacks falls back to the baseline.
    #[inline]
    pub fn run<W: NullaryFnOnce>(self, work: W) -> W::Output {
        #[cfg(target_arch = "x86_64")]
        match self {
            Self::Baseline => {}
            Self::Avx2 => {
                if let Some(v3) = pulp::x86::V3::try_new() {
                    return v3.vectorize(work);
                }
            }
            Self::Avx512 => {
                if let Some(v4) = pulp::x86::V4::try_new() {
                    return v4.vectorize(work);
                }
            }
        }
        work.call()
    }
}

#[cfg(test)]
mod forced {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Level;

    /// 0, or 1 + place of the forced level. Other tests may run under it meanwhile: every level gives the same bytes.
    static FORCED: AtomicUsize = AtomicUsize::new(0);
    const ALL: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

    /// Ends what [`Level::force`] began.
    pub struct Forced;

    impl Drop for Forced {
        fn drop(&mut self) {
            FORCED.store(0, Ordering::SeqCst);
        }
    }

    pub fn level() -> Option<Level> {
        FORCED.load(Ordering::SeqCst).checked_sub(1).map(|place| ALL[place])
    }

    impl Level {
        /// Makes this level the best one until the value is dropped.
        pub fn force(self) -> Forced {
            FORCED.store(1 + self as usize, Ordering::SeqCst);
            Forced
        }
    }
}
