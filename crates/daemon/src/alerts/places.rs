//! Where calls may go: to public addresses over TLS, and to those that the configuration lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of addresses that may be private, and spoken to without TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(Vec<Block>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    first: u128,
    /// Bits that count.
    length: u32,
}

impl Allowed {
    /// Blocks joined by commas: `10.0.0.0/8, 192.168.1.7, fd00::/8`. The error says what is wrong.
    pub fn read(text: &str) -> Result<Allowed, String> {
        let blocks = text.split(',').map(str::trim).filter(|block| !block.is_empty());
        blocks.map(block).collect::<Result<_, _>>().map(Allowed)
    }

    /// Whether the configuration lists an address.
    pub(crate) fn lists(&self, ip: IpAddr) -> bool {
        let number = number(ip);
        self.0.iter().any(|block| {
            (number ^ block.first)
                .checked_shr(128 - block.length)
                .unwrap_or(0)
                == 0
        })
    }

    /// Whether a call may go there.
    pub(crate) fn permits(&self, ip: IpAddr) -> bool {
        self.lists(ip) || is_public(ip)
    }
}

fn block(text: &str) -> Result<Block, String> {
    let wrong = || format!("{text} is no block of addresses; write say 10.0.0.0/8, 192.168.1.7 or fd00::/8");
    let (ip, length) = match text.split_once('/') {
        Some((ip, length)) => (ip, Some(length.parse::<u32>().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(bits);
    if length > bits {
        return Err(wrong());
    }
    Ok(Block {
        first: number(ip),
        length: 128 - bits + length,
    })
}

/// Both families in one range: IPv4 as it is mapped into IPv6.
fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// Whether everybody may be there: no network of one's own, no loopback, no link, no cloud's metadata.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let reserved = match a {
        // This network, shared by carriers, benchmarks, protocol assignments, multicast and beyond.
        0 | 224.. => true,
        100 => (64..128).contains(&b),
        198 => b == 18 || b == 19,
        192 => b == 0 && c == 0,
        _ => false,
    };
    !(reserved || ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let first = ip.segments();
    // Only 2000::/3 is given to anybody; of it, documentation, and IPv4 in disguise (6to4, Teredo), are not.
    let given = first[0] & 0xe000 == 0x2000;
    let disguised = first[0] == 0x2002 || first[0] == 0x2001 && first[1] < 0x0200;
    let documentation = first[0] == 0x2001 && first[1] == 0x0db8;
    given && !disguised && !documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(allowed: &str, ip: &str) -> bool {
        Allowed::read(allowed).unwrap().permits(ip.parse().unwrap())
    }

    #[test]
    fn private_addresses_must_be_listed() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!permits("", ip), "{ip}");
        }
        for ip in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "100.128.0.1"] {
            assert!(permits("", ip), "{ip}");
        }
    }

    #[test]
    fn what_is_listed_is_permitted_and_nothing_beside_it() {
        let listed = "10.0.0.0/8, 192.168.1.7, fd00::/8";
        for ip in ["10.255.0.1", "192.168.1.7", "fd12::1", "::ffff:10.0.0.1"] {
            assert!(permits(listed, ip), "{ip}");
        }
        for ip in ["11.0.0.1", "192.168.1.8", "fe80::1", "127.0.0.1"] {
            assert!(!Allowed::read(listed).unwrap().lists(ip.parse().unwrap()), "{ip}");
        }
        assert!(permits("0.0.0.0/0", "127.0.0.1") && !permits("0.0.0.0/0", "::1"));
        for wrong in ["localhost", "10.0.0.0/33", "10.0.0.0/x", "::/129"] {
            assert!(Allowed::read(wrong).unwrap_err().contains(wrong));
        }
    }
}
