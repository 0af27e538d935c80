//! The probed node's side: sends a keystream to peers that may have it, to one at a time.
//!
//! One at a time, because two would measure each other. Those that wait are few, what each peer may ask for in one probe is
//! bounded, and so is what all together may: [`MOST_PER_PROBE`] transfers of at most [`MOST_BYTES`](super::MOST_BYTES) bytes
//! or [`LONGEST`] each, whichever ends first.

use super::{REQUEST_BYTES, Refusal, Request, fill};
use solana_address::Address;
use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Connections that are kept at once; the next one is closed unread.
const MOST_CONNECTIONS: usize = 16;
/// Peers that may wait for their turn.
const MOST_WAITING: usize = 8;
/// Transfers to one peer in one probe: one that broke can be asked for again.
const MOST_PER_PEER: u32 = 3;
/// Transfers in one probe.
pub const MOST_PER_PROBE: u32 = 24;
/// How long a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(5);
/// How long a transfer may take, however slow the peer reads.
pub const LONGEST: Duration = Duration::from_secs(15);
/// Rest after the system could not give a connection, for want of descriptors for instance.
const REST: Duration = Duration::from_millis(100);
/// Bytes that are computed and sent at a time; a multiple of the keystream's blocks.
const CHUNK: usize = 1 << 16;

/// Who may ask now: the worker says so from what the chain says, the server asks it. Empty until told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Door(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    probe: Option<Address>,
    peers: HashSet<Address>,
    served: HashMap<Address, u32>,
}

impl Door {
    /// Opens for a probe to these identities. Counts go on while the probe is the same.
    pub fn open(&self, probe: Address, peers: impl IntoIterator<Item = Address>) {
        let mut open = self.lock();
        if open.probe != Some(probe) {
            open.served.clear();
        }
        open.probe = Some(probe);
        open.peers = peers.into_iter().collect();
    }

    /// Closes: no probe is open.
    pub fn close(&self) {
        *self.lock() = Open::default();
    }

    /// Lets a request in and counts it.
    fn enter(&self, request: &Request) -> Result<(), Refusal> {
        let mut open = self.lock();
        if open.probe != Some(request.probe) {
            return Err(Refusal::NotOpen);
        }
        if !open.peers.contains(&request.peer) {
            return Err(Refusal::NotPeer);
        }
        let all: u32 = open.served.values().sum();
        let served = open.served.entry(request.peer).or_default();
        if *served >= MOST_PER_PEER || all >= MOST_PER_PROBE {
            return Err(Refusal::TooOften);
        }
        *served += 1;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // A thread that panicked leaves plain data behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all connections share.
struct Hall {
    node: Address,
    door: Door,
    turn: Semaphore,
    waiting: Semaphore,
}

/// Serves until `shutdown`.
pub async fn serve(listener: TcpListener, node: Address, door: Door, shutdown: CancellationToken) {
    let hall = Arc::new(Hall { node, door, turn: Semaphore::new(1), waiting: Semaphore::new(MOST_WAITING) });
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (mut stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection for a measure was not made");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&connections).try_acquire_owned() else { continue };
        let (hall, shutdown) = (Arc::clone(&hall), shutdown.clone());
        tokio::spawn(async move {
            let outcome = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                outcome = answer(&mut stream, &hall) => outcome,
            };
            drop(place);
            match outcome {
                Ok(Ok(request)) => tracing::info!(peer = %request.peer, "a peer has measured this node's bandwidth"),
                Ok(Err(refusal)) => tracing::debug!(%from, %refusal, "a request for a measure was refused"),
                // A peer that has seen enough closes in the middle.
                Err(error) => tracing::debug!(%from, %error, "a measure ended"),
            }
        });
    }
}

/// Reads a request and sends what it asks for, or the refusal.
async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    hall: &Hall,
) -> io::Result<Result<Request, Refusal>> {
    let mut bytes = [0; REQUEST_BYTES];
    timeout(REQUEST, stream.read_exact(&mut bytes)).await??;
    let request =
        match Request::read(&bytes, &hall.node).and_then(|request| hall.door.enter(&request).map(|()| request)) {
            Ok(request) => request,
            Err(refusal) => return refuse(stream, refusal).await,
        };
    let Ok(place) = hall.waiting.try_acquire() else { return refuse(stream, Refusal::Busy).await };
    let Ok(_turn) = hall.turn.acquire().await else { return refuse(stream, Refusal::Busy).await };
    drop(place);
    timeout(LONGEST, send(stream, &request, &hall.node)).await??;
    Ok(Ok(request))
}

async fn refuse(stream: &mut (impl AsyncWrite + Unpin), refusal: Refusal) -> io::Result<Result<Request, Refusal>> {
    timeout(REQUEST, stream.write_all(&[refusal.code()])).await??;
    Ok(Err(refusal))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), request: &Request, node: &Address) -> io::Result<()> {
    let key = request.key(node);
    let mut chunk = vec![0; CHUNK];
    stream.write_all(&[0]).await?;
    let mut sent = 0_u64;
    while sent < request.bytes {
        let count = usize::try_from(request.bytes - sent).unwrap_or(CHUNK).min(CHUNK);
        let part = &mut chunk[..count];
        fill(key, sent, part);
        stream.write_all(part).await?;
        sent += count as u64;
        // Other connections, and the shutdown, have their turn on a line that never blocks.
        tokio::task::yield_now().await;
    }
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bandwidth::{
        LEAST_BYTES,
        client::{MeasureError, measure},
    };
    use render_compute_client::{Keypair, Signer};
    use std::net::SocketAddr;
    use tokio::net::TcpStream;

    const NODE: Address = Address::new_from_array([3; 32]);
    const PROBE: Address = Address::new_from_array([4; 32]);

    fn peer(number: u8) -> Keypair {
        Keypair::new_from_array([number; 32])
    }

    fn request(peer: &Keypair, nonce: u8) -> Request {
        Request { probe: PROBE, peer: peer.pubkey(), nonce: [nonce; 32], bytes: 3 * LEAST_BYTES + 5 }
    }

    async fn server(door: &Door) -> (SocketAddr, tokio_util::sync::DropGuard) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (endpoint, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve(listener, NODE, door.clone(), shutdown.clone()));
        (endpoint, shutdown.drop_guard())
    }

    fn refusal_of(outcome: Result<u64, MeasureError>) -> Option<Refusal> {
        match outcome {
            Err(MeasureError::Refused(refusal)) => Some(refusal),
            _ => None,
        }
    }

    #[tokio::test]
    async fn a_peer_of_an_open_probe_receives_every_byte() {
        let door = Door::default();
        let (endpoint, _guard) = server(&door).await;
        door.open(PROBE, [peer(1).pubkey()]);
        measure(endpoint, &NODE, &request(&peer(1), 0), &peer(1)).await.expect("every byte compared");
    }

    #[tokio::test]
    async fn nobody_is_sent_anything_while_no_probe_is_open_or_for_another_one() {
        let door = Door::default();
        let (endpoint, _guard) = server(&door).await;
        let ask = || async { refusal_of(measure(endpoint, &NODE, &request(&peer(1), 0), &peer(1)).await) };
        assert_eq!(ask().await, Some(Refusal::NotOpen));
        door.open(Address::new_from_array([5; 32]), [peer(1).pubkey()]);
        assert_eq!(ask().await, Some(Refusal::NotOpen));
        door.open(PROBE, [peer(1).pubkey()]);
        door.close();
        assert_eq!(ask().await, Some(Refusal::NotOpen));
    }

    #[tokio::test]
    async fn a_stranger_and_a_request_for_another_node_are_refused() {
        let door = Door::default();
        let (endpoint, _guard) = server(&door).await;
        door.open(PROBE, [peer(1).pubkey()]);
        let strange = measure(endpoint, &NODE, &request(&peer(2), 0), &peer(2)).await;
        assert_eq!(refusal_of(strange), Some(Refusal::NotPeer));
        let other = measure(endpoint, &PROBE, &request(&peer(1), 0), &peer(1)).await;
        assert_eq!(refusal_of(other), Some(Refusal::NotSigned));
        let forged = measure(endpoint, &NODE, &request(&peer(1), 0), &peer(2)).await;
        assert_eq!(refusal_of(forged), Some(Refusal::NotSigned));
    }

    #[tokio::test]
    async fn a_peer_is_sent_as_much_as_a_probe_allows_and_no_more() {
        let door = Door::default();
        let (endpoint, _guard) = server(&door).await;
        door.open(PROBE, [peer(1).pubkey()]);
        for nonce in 0..3 {
            measure(endpoint, &NODE, &request(&peer(1), nonce), &peer(1)).await.expect("sent");
        }
        let fourth = measure(endpoint, &NODE, &request(&peer(1), 3), &peer(1)).await;
        assert_eq!(refusal_of(fourth), Some(Refusal::TooOften));
        door.open(PROBE, [peer(1).pubkey(), peer(2).pubkey()]);
        let again = measure(endpoint, &NODE, &request(&peer(1), 4), &peer(1)).await;
        assert_eq!(refusal_of(again), Some(Refusal::TooOften), "the same probe again");
        measure(endpoint, &NODE, &request(&peer(2), 0), &peer(2)).await.expect("another peer");
    }

    #[test]
    fn all_peers_together_are_sent_as_much_as_a_probe_allows_and_no_more() {
        let door = Door::default();
        door.open(PROBE, (0..100).map(|number| peer(number).pubkey()));
        let allowed = (0..100).filter(|number| door.enter(&request(&peer(*number), 0)).is_ok()).count();
        assert_eq!(allowed, MOST_PER_PROBE as usize);
    }

    #[tokio::test]
    async fn a_peer_that_asks_for_too_much_is_refused() {
        let door = Door::default();
        let (endpoint, _guard) = server(&door).await;
        door.open(PROBE, [peer(1).pubkey()]);
        let much = Request { bytes: super::super::MOST_BYTES + 1, ..request(&peer(1), 0) };
        assert_eq!(refusal_of(measure(endpoint, &NODE, &much, &peer(1)).await), Some(Refusal::Amount));
    }

    #[tokio::test]
    async fn what_is_no_request_is_answered_with_a_byte_and_closed() {
        let door = Door::default();
        let (endpoint, _guard) = server(&door).await;
        let mut stream = TcpStream::connect(endpoint).await.unwrap();
        stream.write_all(&[b'G'; REQUEST_BYTES]).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, [Refusal::Unreadable.code()]);
    }

    #[tokio::test]
    async fn peers_that_wait_are_served_one_after_the_other_and_too_many_are_refused() {
        let hall =
            Hall { node: NODE, door: Door::default(), turn: Semaphore::new(1), waiting: Semaphore::new(MOST_WAITING) };
        hall.door.open(PROBE, (0..20).map(|number| peer(number).pubkey()));
        let busy = hall.turn.acquire().await.unwrap();
        let mut ends = Vec::new();
        let mut answers = Vec::new();
        for number in 0..=MOST_WAITING as u8 {
            let (mut near, mut far) = tokio::io::duplex(1 << 20);
            near.write_all(&request(&peer(number), 0).sign(&NODE, &peer(number))).await.unwrap();
            ends.push(near);
            let hall = &hall;
            answers.push(async move { answer(&mut far, hall).await.unwrap() });
        }
        let all = futures_util::future::join_all(answers);
        let release = async {
            // The refused one answers without its turn.
            let mut status = [0];
            ends[MOST_WAITING].read_exact(&mut status).await.unwrap();
            drop(busy);
            status[0]
        };
        let (outcomes, status) = tokio::join!(all, release);
        assert_eq!(status, Refusal::Busy.code());
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), MOST_WAITING);
        assert_eq!(outcomes[MOST_WAITING], Err(Refusal::Busy));
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_are_closed_unread() {
        let door = Door::default();
        let (endpoint, _guard) = server(&door).await;
        let mut held = Vec::new();
        for _ in 0..MOST_CONNECTIONS {
            held.push(TcpStream::connect(endpoint).await.unwrap());
        }
        let mut next = TcpStream::connect(endpoint).await.unwrap();
        let mut all = Vec::new();
        // Closed without a word, or reset.
        let _ = next.read_to_end(&mut all).await;
        assert!(all.is_empty());
    }
}
