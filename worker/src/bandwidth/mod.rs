//! How many bits a second a node sends to a peer: the transfer by which peers measure a probed node's bandwidth.
//!
//! A peer connects to the address that the node declared, asks for `bytes` bytes under a nonce of its own, and receives a
//! keystream that the nonce, the probe, the node and the peer give ([`Request::key`]). So no byte can be had before the question
//! is, nothing can be compressed, and an answer for one peer is of no use to another. The peer compares every byte and measures
//! with [`meter`]. Only the direction from node to peer is measured: it is the one in which results travel.
//!
//! * Request, [`REQUEST_BYTES`] bytes, integers little-endian: magic, probe, the peer's identity, nonce, number of bytes, the
//!   identity's signature over the same and the node's address.
//! * Answer: one byte, 0 or the code of a [`Refusal`]; after 0 the stream.
//!
//! The server sends to nobody but the nodes it was told of, only for the probe that is open, so many times and so much
//! ([`server`]): it is of no use to who wants to tire the node's line, or a third party's. What a measure does not show is where
//! the sender stands; a node may have its stream sent by a machine elsewhere that its key was given to.

pub mod client;
pub mod meter;
pub mod server;

use kernels::{merkle::sha256, probe::Key};
use render_compute_client::{Keypair, Signature, Signer};
use solana_address::Address;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of a request.
pub const REQUEST_BYTES: usize = 8 + 32 + 32 + 32 + 8 + 64;
/// Least bytes that can be asked for.
pub const LEAST_BYTES: u64 = 1 << 16;
/// Most bytes that can be asked for: two gigabits a second over [`meter::WINDOW`].
pub const MOST_BYTES: u64 = 1 << 30;

const MAGIC: &[u8; 8] = b"RCWBAND1";
const PURPOSE: &str = "probe/bandwidth";
/// Bytes that one draw of the keystream gives.
const BLOCK: usize = 16;

/// What a peer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The probe account it measures for.
    pub probe: Address,
    /// The peer's identity.
    pub peer: Address,
    /// Chosen anew for every request.
    pub nonce: [u8; 32],
    /// Bytes to send.
    pub bytes: u64,
}

/// Why a server does not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no request.
    #[error("the request cannot be read; both workers must be of the same version")]
    Unreadable,
    /// It is for no probe that is open now.
    #[error("the probe is not open, or it is not this node's")]
    NotOpen,
    /// The asking identity is no node that may measure this one.
    #[error("the asking node may not measure this one")]
    NotPeer,
    /// The signature is not the peer's.
    #[error("the request's signature does not verify")]
    NotSigned,
    /// Fewer or more bytes than can be asked for.
    #[error("the number of bytes is out of bounds ({LEAST_BYTES} to {MOST_BYTES})")]
    Amount,
    /// Too many wait already.
    #[error("too many peers wait; ask again in a minute")]
    Busy,
    /// The peer, or all together, have asked as often as the probe allows.
    #[error("asked too often for this probe")]
    TooOften,
}

impl Refusal {
    const ALL: [Refusal; 7] =
        [Self::Unreadable, Self::NotOpen, Self::NotPeer, Self::NotSigned, Self::Amount, Self::Busy, Self::TooOften];

    /// The byte that says it, from 1.
    pub fn code(self) -> u8 {
        let position = Self::ALL.iter().position(|refusal| *refusal == self).unwrap_or(0);
        u8::try_from(position + 1).unwrap_or(u8::MAX)
    }

    /// The refusal of a byte; `None` for 0 and for bytes that say nothing known.
    pub fn from_code(code: u8) -> Option<Self> {
        usize::from(code).checked_sub(1).and_then(|position| Self::ALL.get(position)).copied()
    }
}

impl Request {
    /// What the peer signs, and what the keystream depends on: everything, the probed node included.
    fn statement(&self, node: &Address) -> [u8; 32] {
        sha256(&[
            b"render-compute:bandwidth",
            node.as_ref(),
            self.probe.as_ref(),
            self.peer.as_ref(),
            &self.nonce,
            &self.bytes.to_le_bytes(),
        ])
    }

    /// The keystream's key for the transfer from `node`.
    pub fn key(&self, node: &Address) -> Key {
        Key::new(PURPOSE, &self.statement(node))
    }

    /// The bytes of the request to `node`, signed.
    pub fn sign(&self, node: &Address, identity: &Keypair) -> [u8; REQUEST_BYTES] {
        let signature = identity.sign_message(&self.statement(node));
        let parts: [&[u8]; 6] = [
            MAGIC,
            self.probe.as_ref(),
            self.peer.as_ref(),
            &self.nonce,
            &self.bytes.to_le_bytes(),
            signature.as_ref(),
        ];
        let mut bytes = [0; REQUEST_BYTES];
        for (slot, byte) in bytes.iter_mut().zip(parts.concat()) {
            *slot = byte;
        }
        bytes
    }

    /// Reads a request to `node`.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`], [`Refusal::NotSigned`] or [`Refusal::Amount`].
    pub fn read(bytes: &[u8; REQUEST_BYTES], node: &Address) -> Result<Self, Refusal> {
        fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Refusal> {
            let (first, behind) = rest.split_first_chunk::<N>().ok_or(Refusal::Unreadable)?;
            *rest = behind;
            Ok(first)
        }
        let mut rest = &bytes[..];
        if take::<8>(&mut rest)? != MAGIC {
            return Err(Refusal::Unreadable);
        }
        let request = Self {
            probe: Address::new_from_array(*take(&mut rest)?),
            peer: Address::new_from_array(*take(&mut rest)?),
            nonce: *take(&mut rest)?,
            bytes: u64::from_le_bytes(*take(&mut rest)?),
        };
        let signature = Signature::from(*take::<64>(&mut rest)?);
        if !signature.verify(request.peer.as_ref(), &request.statement(node)) {
            return Err(Refusal::NotSigned);
        }
        if !(LEAST_BYTES..=MOST_BYTES).contains(&request.bytes) {
            return Err(Refusal::Amount);
        }
        Ok(request)
    }
}

/// Writes the keystream from byte `from`, which is a multiple of 16, into `buffer`.
fn fill(key: Key, from: u64, buffer: &mut [u8]) {
    let first = from / BLOCK as u64;
    for (index, block) in (first..).zip(buffer.chunks_mut(BLOCK)) {
        let words = key.draw(index);
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        for (slot, byte) in block.iter_mut().zip(bytes) {
            *slot = byte;
        }
    }
}

/// Where a node says that it can be measured; `None` where it says nothing.
pub fn endpoint(address: &[u8; 16], port: u16) -> Option<SocketAddr> {
    let ip = Ipv6Addr::from(*address);
    (port != 0 && !ip.is_unspecified()).then(|| SocketAddr::from((ip.to_canonical(), port)))
}

/// The bytes by which a node declares an address: IPv6, or IPv4 mapped into it.
pub fn declared(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// Whether an address can be anybody's on the Internet. A node that declares another one would have its peers knock at machines of
/// their own networks.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            let is_documentation = first == 0x2001 && second == 0xdb8;
            // 2000::/3 is all that is given out. Of it, 6to4 and Teredo carry an IPv4 address that may be of any kind.
            first & 0xe000 == 0x2000 && !is_documentation && first != 0x2002 && !(first == 0x2001 && second == 0)
        }
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_special = first == 0
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        // Carrier-grade translation, protocol assignments, benchmarks, reserved.
        || first == 100 && second & 0xc0 == 64
        || (first, second, third) == (192, 0, 0)
        || first == 198 && second & 0xfe == 18
        || first >= 240;
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(peer: &Keypair) -> Request {
        Request { probe: Address::new_from_array([1; 32]), peer: peer.pubkey(), nonce: [2; 32], bytes: LEAST_BYTES }
    }

    const NODE: Address = Address::new_from_array([3; 32]);

    #[test]
    fn a_signed_request_is_read_as_it_was_written() {
        let peer = Keypair::new_from_array([9; 32]);
        let request = request(&peer);
        assert_eq!(Request::read(&request.sign(&NODE, &peer), &NODE), Ok(request));
    }

    #[test]
    fn a_request_with_a_changed_byte_is_refused_wherever_the_byte_is() {
        let peer = Keypair::new_from_array([9; 32]);
        let signed = request(&peer).sign(&NODE, &peer);
        for position in 0..REQUEST_BYTES {
            let mut changed = signed;
            changed[position] ^= 1;
            let expected = if position < 8 { Refusal::Unreadable } else { Refusal::NotSigned };
            assert_eq!(Request::read(&changed, &NODE), Err(expected), "byte {position}");
        }
        assert_eq!(Request::read(&signed, &Address::default()), Err(Refusal::NotSigned), "to another node");
    }

    #[test]
    fn requests_for_too_few_or_too_many_bytes_are_refused() {
        let peer = Keypair::new_from_array([9; 32]);
        let read = |bytes| {
            let request = Request { bytes, ..request(&peer) };
            Request::read(&request.sign(&NODE, &peer), &NODE).map(|request| request.bytes)
        };
        assert_eq!(read(LEAST_BYTES - 1), Err(Refusal::Amount));
        assert_eq!(read(LEAST_BYTES), Ok(LEAST_BYTES));
        assert_eq!(read(MOST_BYTES), Ok(MOST_BYTES));
        assert_eq!(read(MOST_BYTES + 1), Err(Refusal::Amount));
        assert_eq!(read(u64::MAX), Err(Refusal::Amount));
    }

    #[test]
    fn the_stream_depends_on_node_probe_peer_nonce_and_amount_and_not_on_how_it_is_cut() {
        let peer = Keypair::new_from_array([9; 32]);
        let first = request(&peer);
        let stream = |request: &Request, node: &Address| {
            let mut bytes = [0; 100];
            fill(request.key(node), 0, &mut bytes);
            bytes
        };
        let whole = stream(&first, &NODE);
        for other in [
            Request { probe: Address::default(), ..first },
            Request { peer: Address::default(), ..first },
            Request { nonce: [3; 32], ..first },
            Request { bytes: LEAST_BYTES + 1, ..first },
        ] {
            assert_ne!(stream(&other, &NODE), whole);
        }
        assert_ne!(stream(&first, &Address::default()), whole);
        let mut cut = [0; 100];
        let (low, high) = cut.split_at_mut(48);
        fill(first.key(&NODE), 0, low);
        fill(first.key(&NODE), 48, high);
        assert_eq!(cut, whole);
    }

    #[test]
    fn every_refusal_survives_its_code() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_code(refusal.code()), Some(refusal));
        }
        assert_eq!((Refusal::from_code(0), Refusal::from_code(8)), (None, None));
    }

    #[test]
    fn a_declared_address_is_found_again_and_none_is_none() {
        for text in ["203.0.113.9", "2a01:4f8::1"] {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!(endpoint(&declared(ip), 7), Some(SocketAddr::from((ip, 7))));
        }
        assert_eq!(endpoint(&[0; 16], 7), None);
        assert_eq!(endpoint(&declared("203.0.113.9".parse().unwrap()), 0), None);
    }

    #[test]
    fn addresses_of_private_networks_are_told_from_public_ones() {
        for text in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "198.20.0.1", "2a01:4f8::1", "::ffff:8.8.8.8"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "0.1.2.3",
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2001::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
