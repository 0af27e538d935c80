//! The peer's side: asks, compares every byte, measures.

use super::{REQUEST_BYTES, Refusal, Request, fill, meter::Meter};
use kernels::probe::Key;
use render_compute_client::Keypair;
use solana_address::Address;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// How long a node may take to take a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the first byte may take: other peers are served first.
const TURN: Duration = Duration::from_secs(60);
/// How long nothing may come in the middle.
const SILENCE: Duration = Duration::from_secs(5);
/// Bytes that are read and compared at a time; a multiple of the keystream's blocks.
const CHUNK: usize = 1 << 16;

/// Why there is no measure.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// Nobody takes the connection, or it broke.
    #[error("{endpoint} cannot be reached: {source}")]
    Unreachable {
        /// Where.
        endpoint: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The node says why it does not send.
    #[error("the node does not send: {0}")]
    Refused(Refusal),
    /// It answered with something else.
    #[error("the node's answer is not of this protocol")]
    Nonsense,
    /// Nothing came for too long.
    #[error("the node was silent for {} s after {got} bytes", .after.as_secs())]
    Silent {
        /// Bytes that had come.
        got: u64,
        /// How long it was waited for.
        after: Duration,
    },
    /// It ended too soon.
    #[error("the node stopped after {got} of {of} bytes")]
    CutShort {
        /// Bytes that had come.
        got: u64,
        /// Bytes that were asked for.
        of: u64,
    },
    /// A byte is another one than asked for: it was not computed from this request.
    #[error("byte {at} of the stream is wrong")]
    WrongByte {
        /// Its position.
        at: u64,
    },
}

/// Measures the line from `node` at `endpoint`: Mbit/s, rounded down.
///
/// # Errors
/// [`MeasureError`].
pub async fn measure(
    endpoint: SocketAddr,
    node: &Address,
    request: &Request,
    identity: &Keypair,
) -> Result<u64, MeasureError> {
    let unreachable = |source| MeasureError::Unreachable { endpoint, source };
    let mut stream = match timeout(CONNECT, TcpStream::connect(endpoint)).await {
        Ok(connected) => connected.map_err(unreachable)?,
        Err(_) => return Err(unreachable(io::ErrorKind::TimedOut.into())),
    };
    let signed: [u8; REQUEST_BYTES] = request.sign(node, identity);
    stream.write_all(&signed).await.map_err(unreachable)?;
    let begun = std::cell::OnceCell::new();
    let clock = || Instant::now().saturating_duration_since(*begun.get_or_init(Instant::now));
    receive(&mut stream, request.key(node), request.bytes, clock).await.map_err(|error| match error {
        ReceiveError::Broken(source) => unreachable(source),
        ReceiveError::Told(error) => error,
    })
}

enum ReceiveError {
    Broken(io::Error),
    Told(MeasureError),
}

impl From<MeasureError> for ReceiveError {
    fn from(error: MeasureError) -> Self {
        Self::Told(error)
    }
}

/// Reads the answer and the stream. `clock` gives the time since it was first asked, which is when the stream begins.
async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    key: Key,
    bytes: u64,
    clock: impl Fn() -> Duration,
) -> Result<u64, ReceiveError> {
    let silent = |got, after| MeasureError::Silent { got, after };
    let mut status = [0];
    match timeout(TURN, stream.read(&mut status)).await {
        Err(_) => return Err(silent(0, TURN).into()),
        Ok(Ok(0)) => return Err(MeasureError::CutShort { got: 0, of: bytes }.into()),
        Ok(read) => read.map_err(ReceiveError::Broken)?,
    };
    match (status, Refusal::from_code(status[0])) {
        ([0], _) => {}
        (_, Some(refusal)) => return Err(MeasureError::Refused(refusal).into()),
        _ => return Err(MeasureError::Nonsense.into()),
    }
    let mut meter = Meter::new(bytes);
    let (mut come, mut expected) = (vec![0; CHUNK], vec![0; CHUNK]);
    // Bytes of the present chunk that were compared; the chunk begins at a block of the keystream.
    let (mut start, mut have) = (0_u64, 0_usize);
    clock();
    loop {
        let wanted = usize::try_from(bytes.saturating_sub(start)).unwrap_or(CHUNK).min(CHUNK);
        let read = match timeout(SILENCE, stream.read(&mut come[have..wanted])).await {
            Err(_) => return Err(silent(meter.bytes(), SILENCE).into()),
            Ok(read) => read.map_err(ReceiveError::Broken)?,
        };
        if read == 0 {
            return Err(MeasureError::CutShort { got: meter.bytes(), of: bytes }.into());
        }
        let at = clock();
        if have == 0 {
            fill(key, start, &mut expected[..wanted]);
        }
        let end = have + read;
        if let Some(wrong) = (have..end).find(|position| come[*position] != expected[*position]) {
            return Err(MeasureError::WrongByte { at: start.saturating_add(wrong as u64) }.into());
        }
        have = end;
        if !meter.note(at, start.saturating_add(have as u64)) {
            return Ok(meter.mbps());
        }
        if have == wanted {
            start = start.saturating_add(wanted as u64);
            have = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        cell::Cell,
        pin::Pin,
        task::{Context, Poll},
    };
    use tokio::io::ReadBuf;

    const KEY: Key = Key([1, 2, 3, 4]);

    /// A line with a clock of its own: `mbps` bits a microsecond in pieces of `piece` bytes, until `ends`.
    struct Line<'a> {
        micros: &'a Cell<u64>,
        sent: u64,
        ends: u64,
        wrong: Option<u64>,
        mbps: u64,
        piece: u64,
        status: Option<u8>,
    }

    impl AsyncRead for Line<'_> {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if let Some(status) = self.status.take() {
                buffer.put_slice(&[status]);
                return Poll::Ready(Ok(()));
            }
            let count = self.piece.min(self.ends - self.sent).min(buffer.remaining() as u64);
            let block = self.sent / 16 * 16;
            let mut bytes = vec![0; (self.sent - block + count) as usize];
            fill(KEY, block, &mut bytes);
            let mut bytes = bytes.split_off((self.sent - block) as usize);
            if let Some(wrong) = self.wrong.filter(|wrong| (self.sent..self.sent + count).contains(wrong)) {
                bytes[(wrong - self.sent) as usize] ^= 128;
            }
            buffer.put_slice(&bytes);
            self.sent += count;
            self.micros.set(self.micros.get() + (count * 8).div_ceil(self.mbps));
            Poll::Ready(Ok(()))
        }
    }

    async fn over(bytes: u64, change: impl FnOnce(&mut Line<'_>)) -> Result<u64, String> {
        let micros = Cell::new(0);
        let mut line =
            Line { micros: &micros, sent: 0, ends: bytes, wrong: None, mbps: 100, piece: 1_447, status: Some(0) };
        change(&mut line);
        let outcome = receive(&mut line, KEY, bytes, || Duration::from_micros(micros.get())).await;
        outcome.map_err(|error| match error {
            ReceiveError::Broken(error) => error.to_string(),
            ReceiveError::Told(error) => error.to_string(),
        })
    }

    #[tokio::test]
    async fn a_throttled_line_is_measured_within_a_tenth() {
        for mbps in [5, 100, 400] {
            let found = over(1 << 21, |line| line.mbps = mbps).await.unwrap();
            assert!((mbps * 9 / 10..=mbps).contains(&found), "{mbps}: {found}");
        }
    }

    #[tokio::test]
    async fn a_line_too_slow_for_the_window_is_measured_by_what_came() {
        let found = over(1 << 30, |line| line.mbps = 1).await.unwrap();
        assert!(found <= 1, "{found}");
    }

    #[tokio::test]
    async fn a_wrong_byte_is_found_wherever_it_is() {
        for at in [0, 15, 16, 65_535, 65_536, (1 << 18) - 1] {
            let error = over(1 << 18, |line| line.wrong = Some(at)).await.unwrap_err();
            assert_eq!(error, format!("byte {at} of the stream is wrong"));
        }
    }

    #[tokio::test]
    async fn a_stream_that_ends_too_soon_is_no_measure() {
        let error = over(1 << 18, |line| line.ends = 1 << 17).await.unwrap_err();
        assert_eq!(error, "the node stopped after 131072 of 262144 bytes");
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_its_words_and_another_byte_is_nonsense() {
        let error = over(1 << 18, |line| line.status = Some(Refusal::Busy.code())).await.unwrap_err();
        assert_eq!(error, "the node does not send: too many peers wait; ask again in a minute");
        let error = over(1 << 18, |line| line.status = Some(200)).await.unwrap_err();
        assert_eq!(error, "the node's answer is not of this protocol");
    }
}
