//! One recorded answer of a server, in which the identity of another database can be put.

/// What tells one database from another.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) name: Vec<u8>,
    pub(super) oid: u32,
    /// `system_identifier` of its cluster.
    pub(super) system: i64,
}

/// A part of [`Identity`], as a value of a row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The name in hex.
    Name,
    Oid,
    System,
}

/// An answer as it was recorded, cut where something of the database is in it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    /// Whole messages.
    Bytes(Vec<u8>),
    /// A `DataRow`, with the place of a value that is put in.
    Row { values: Vec<Option<Vec<u8>>>, at: usize, mark: Mark },
}

impl Answer {
    /// `bytes` are the messages of one answer. `mark` says of each row (which set of rows it is of, its number in
    /// there, its values) what is to be put in, and where.
    pub(super) fn of(
        bytes: &[u8],
        mark: impl Fn(usize, usize, &[Option<Vec<u8>>]) -> Option<(usize, Mark)>,
    ) -> Self {
        let mut answer = Self::default();
        let (mut set, mut row) = (0, 0);
        for message in messages(bytes) {
            match message[0] {
                b'T' => (set, row) = (set + 1, 0),
                b'D' => {
                    row += 1;
                    let values = values(message);
                    if let Some((at, mark)) = mark(set, row, &values) {
                        answer.pieces.push(Piece::Row { values, at, mark });
                        continue;
                    }
                }
                _ => {}
            }
            match answer.pieces.last_mut() {
                Some(Piece::Bytes(all)) => all.extend_from_slice(message),
                _ => answer.pieces.push(Piece::Bytes(message.to_vec())),
            }
        }
        answer
    }

    /// How many values are put in.
    pub(super) fn marks(&self) -> usize {
        self.pieces.iter().filter(|it| matches!(it, Piece::Row { .. })).count()
    }

    /// The answer of the database with this identity, behind what is in `into`.
    pub(super) fn write(&self, identity: &Identity, into: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => into.extend_from_slice(bytes),
                Piece::Row { values, at, mark } => {
                    let put = match mark {
                        Mark::Name => hex(&identity.name),
                        Mark::Oid => identity.oid.to_string().into_bytes(),
                        Mark::System => identity.system.to_string().into_bytes(),
                    };
                    let with = |(n, it): (usize, &Option<Vec<u8>>)| {
                        if n == *at { Some(put.clone()) } else { it.clone() }
                    };
                    let values: Vec<_> = values.iter().enumerate().map(with).collect();
                    write_row(&values, into);
                }
            }
        }
    }
}

/// Lower-case hex, as `encode(…, 'hex')` spells it.
pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let two = |it: &u8| [DIGITS[usize::from(it >> 4)], DIGITS[usize::from(it & 15)]];
    bytes.iter().flat_map(two).collect()
}

/// The messages of a server, each whole: its type, its length, its body.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().ok()?);
        let (message, rest) = bytes.split_at_checked(1 + usize::try_from(length).ok()?)?;
        bytes = rest;
        Some(message)
    })
}

/// The values of a `DataRow`.
fn values(row: &[u8]) -> Vec<Option<Vec<u8>>> {
    let count = usize::from(u16::from_be_bytes([row[5], row[6]]));
    let mut rest = &row[7..];
    let mut next = || {
        let (length, behind) = rest.split_first_chunk().expect("a recorded row is whole");
        // -1 is null.
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            rest = behind;
            return None;
        };
        let (value, behind) = behind.split_at(length);
        rest = behind;
        Some(value.to_vec())
    };
    (0..count).map(|_| next()).collect()
}

fn write_row(values: &[Option<Vec<u8>>], into: &mut Vec<u8>) {
    let length = 6 + values.iter().map(|it| 4 + it.as_ref().map_or(0, Vec::len)).sum::<usize>();
    into.push(b'D');
    into.extend(u32::try_from(length).expect("a short row").to_be_bytes());
    into.extend(u16::try_from(values.len()).expect("few columns").to_be_bytes());
    for value in values {
        match value {
            Some(it) => {
                into.extend(u32::try_from(it.len()).expect("a short value").to_be_bytes());
                into.extend_from_slice(it);
            }
            None => into.extend((-1_i32).to_be_bytes()),
        }
    }
}
