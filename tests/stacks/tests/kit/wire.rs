//! The plaintext of a profile and the body of a state, written byte by byte from
//! docs/profile-format.md and not with the code that reads them: whatever the reader takes for
//! granted can be broken here.

/// Bytes, little endian, lengths of eight.
#[derive(Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend(bytes);
    }

    fn length(&mut self, length: usize) {
        self.put((length as u64).to_le_bytes());
    }

    fn option(&mut self, value: Option<u64>) {
        match value {
            None => self.put([0]),
            Some(value) => {
                self.put([1]);
                self.put(value.to_le_bytes());
            }
        }
    }
}

/// A profile as it is written.
#[derive(Clone)]
pub(crate) struct Profile {
    pub(crate) model: u16,
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) window: Vec<Kept>,
    pub(crate) next_number: u64,
    pub(crate) state: State,
}

/// Location, scale, count; the anchor's location and count.
pub(crate) type Context = (f64, f64, u32, f64, u32);

#[derive(Clone)]
pub(crate) struct Sequence {
    pub(crate) keys: Vec<u16>,
    pub(crate) transitions: Vec<u8>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) level: (f64, u32),
    pub(crate) typicality: (f64, f64, u32),
    pub(crate) sitting: [u32; 3],
    pub(crate) learned: u32,
    pub(crate) since: u8,
    pub(crate) armed: bool,
    pub(crate) decisions: u32,
    pub(crate) decided: u32,
    pub(crate) sittings: u32,
    pub(crate) learned_at: Option<u64>,
}

#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) number: u64,
    pub(crate) sequence: u8,
    pub(crate) at: u64,
    pub(crate) keyboard: u32,
    pub(crate) turn: u8,
    pub(crate) gain: f64,
    pub(crate) holds: Vec<u32>,
    pub(crate) downs: Vec<u32>,
}

#[derive(Clone)]
pub(crate) struct State {
    pub(crate) generation: u64,
    pub(crate) phase: u8,
    pub(crate) counts: [u64; 4],
    pub(crate) verdicts: Vec<(u64, u8)>,
    pub(crate) refusals: u32,
    pub(crate) last_refusal: Option<u64>,
    pub(crate) distrusted: Option<u64>,
    pub(crate) progress: [u32; 4],
    pub(crate) too_common: bool,
}

impl Profile {
    /// An armed profile that opens: `keydyn12`, typed 26 times, about as `Typing::owner` does.
    pub(crate) fn sound() -> Self {
        let keys = vec![37, 18, 21, 32, 21, 49, 2, 3];
        let kept = |number: u64| {
            let varied = |i: u64| ((number * 7919 + i * 131) % 12) as u32 * 1000;
            Kept {
                number,
                sequence: 0,
                at: 1_699_000_000 + number,
                keyboard: 0,
                turn: u8::from(number == 0) << 1,
                gain: 1.0,
                holds: (0..8)
                    .map(|i| 90_000 + 3_000 * i as u32 + varied(i))
                    .collect(),
                downs: (0..7)
                    .map(|i| 170_000 + 9_000 * i as u32 + varied(i + 9))
                    .collect(),
            }
        };
        Self {
            model: 2,
            sequences: vec![Sequence {
                transitions: vec![1, 1, 2, 1, 1, 7, 0],
                contexts: vec![(0.0, 0.0, 0, 0.0, 0); 2 * keys.len() - 1],
                keys,
                level: (0.0, 0),
                typicality: (0.0, 0.0, 0),
                sitting: [0; 3],
                learned: 0,
                since: 1,
                armed: true,
                decisions: 0,
                decided: 20,
                sittings: 2,
                learned_at: Some(1_699_000_025),
            }],
            window: (0..26).map(kept).collect(),
            next_number: 26,
            state: State::sound(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Bytes::default();
        out.put(self.model.to_le_bytes());
        out.length(self.sequences.len());
        for sequence in &self.sequences {
            sequence.write(&mut out);
        }
        out.length(self.window.len());
        for kept in &self.window {
            kept.write(&mut out);
        }
        out.put(self.next_number.to_le_bytes());
        self.state.write(&mut out);
        out.0
    }
}

impl Sequence {
    fn write(&self, out: &mut Bytes) {
        out.length(self.keys.len());
        self.keys.iter().for_each(|key| out.put(key.to_le_bytes()));
        out.length(self.transitions.len());
        self.transitions.iter().for_each(|way| out.put([*way]));
        out.length(self.contexts.len());
        for (location, scale, count, anchor, anchors) in &self.contexts {
            out.put(location.to_le_bytes());
            out.put(scale.to_le_bytes());
            out.put(count.to_le_bytes());
            out.put(anchor.to_le_bytes());
            out.put(anchors.to_le_bytes());
        }
        out.put(self.level.0.to_le_bytes());
        out.put(self.level.1.to_le_bytes());
        out.put(self.typicality.0.to_le_bytes());
        out.put(self.typicality.1.to_le_bytes());
        out.put(self.typicality.2.to_le_bytes());
        self.sitting.iter().for_each(|n| out.put(n.to_le_bytes()));
        out.put(self.learned.to_le_bytes());
        out.put([self.since]);
        out.put([u8::from(self.armed)]);
        out.put(self.decisions.to_le_bytes());
        out.put(self.decided.to_le_bytes());
        out.put(self.sittings.to_le_bytes());
        out.option(self.learned_at);
    }
}

impl Kept {
    fn write(&self, out: &mut Bytes) {
        out.put(self.number.to_le_bytes());
        out.put([self.sequence]);
        out.put(self.at.to_le_bytes());
        out.put(self.keyboard.to_le_bytes());
        out.put([self.turn]);
        out.put(self.gain.to_le_bytes());
        for features in [&self.holds, &self.downs] {
            out.length(features.len());
            features.iter().for_each(|us| out.put(us.to_le_bytes()));
        }
    }
}

impl State {
    /// Armed, and nothing has happened.
    pub(crate) fn sound() -> Self {
        Self {
            generation: 5,
            phase: 2,
            counts: [3, 1, 0, 26],
            verdicts: vec![(1_699_000_030, 1), (1_699_000_040, 0)],
            refusals: 0,
            last_refusal: None,
            distrusted: None,
            progress: [26, 2, 20, 0],
            too_common: false,
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Bytes::default();
        self.write(&mut out);
        out.0
    }

    fn write(&self, out: &mut Bytes) {
        out.put(self.generation.to_le_bytes());
        out.put([self.phase]);
        self.counts
            .iter()
            .for_each(|count| out.put(count.to_le_bytes()));
        out.length(self.verdicts.len());
        for (at, code) in &self.verdicts {
            out.put(at.to_le_bytes());
            out.put([*code]);
        }
        out.put(self.refusals.to_le_bytes());
        out.option(self.last_refusal);
        out.option(self.distrusted);
        for number in self.progress {
            out.put(number.to_le_bytes());
        }
        out.put([u8::from(self.too_common)]);
    }
}
