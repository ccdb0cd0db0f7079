//! Random numbers by counter: Philox4x32-10. What is drawn for one index of a seed depends on both and on nothing else, so
//! that indices may be worked on in any order, by any number of threads or machines.
//! Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (checked against the known answers of Random123).

/// Ten rounds of Philox4x32: 128 random bits for a counter and a key.
#[must_use]
pub fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let product0 = u64::from(counter[0]) * 0xD251_1F53;
        let product1 = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (product1 >> 32) as u32 ^ counter[1] ^ key[0],
            product1 as u32,
            (product0 >> 32) as u32 ^ counter[3] ^ key[1],
            product0 as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

/// The words that belong to one index of a seed, one after the other: counter = (index, index's upper half, block of four
/// words, purpose), key = seed.
#[derive(Debug, Clone)]
pub struct Words {
    counter: [u32; 4],
    key: [u32; 2],
    /// Words of the present block that are left, the next one last.
    ready: [u32; 4],
    n_ready: usize,
}

impl Words {
    /// Those of `index`; numbers for another `purpose` share none of them.
    #[must_use]
    pub fn new(seed: u64, purpose: u32, index: u64) -> Words {
        Words {
            counter: [index as u32, (index >> 32) as u32, 0, purpose],
            key: [seed as u32, (seed >> 32) as u32],
            ready: [0; 4],
            n_ready: 0,
        }
    }

    /// The next 32 bits.
    pub fn word(&mut self) -> u32 {
        if self.n_ready == 0 {
            self.ready = philox4x32_10(self.counter, self.key);
            self.ready.reverse();
            self.n_ready = 4;
            self.counter[2] = self.counter[2].wrapping_add(1);
        }
        self.n_ready -= 1;
        self.ready[self.n_ready]
    }

    /// A whole number below `n` (at least 1), each equally likely: the upper half of word x n, words whose lower half falls
    /// below 2^32 mod n drawn again. Source: Lemire 2019, "Fast random integer generation in an interval".
    pub fn below(&mut self, n: u32) -> u32 {
        let n = n.max(1);
        let unfair = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.word()) * u64::from(n);
            if product as u32 >= unfair {
                return (product >> 32) as u32;
            }
        }
    }

    /// Put in random order, each order equally likely (Fisher and Yates, from the end).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            values.swap(last, other);
        }
    }
}
