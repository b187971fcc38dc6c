//! Which addresses a connection may lead to, whatever name it gives them.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use ipnet::IpNet;

/// Whether `address` is in one of the networks, as itself or as the IPv4 address that it stands for.
#[must_use]
pub fn is_denied(denied: &[IpNet], address: IpAddr) -> bool {
    let within = |it: &IpAddr| denied.iter().any(|net| net.contains(it));
    within(&address) || embedded(address).is_some_and(|it| within(&it))
}

/// The IPv4 address inside a mapped, compatible, NAT64 or 6to4 one.
#[must_use]
pub fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(six) = address else { return None };
    let four = |high: u16, low: u16| {
        let bits = u32::from(high) << 16 | u32::from(low);
        Some(IpAddr::V4(Ipv4Addr::from_bits(bits)))
    };
    match six.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            four(high, low)
        }
        // `::` and `::1` are themselves.
        [0, 0, 0, 0, 0, 0, high, low] if six != Ipv6Addr::LOCALHOST && !six.is_unspecified() => {
            four(high, low)
        }
        [0x2002, high, low, ..] => four(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_in_every_dress() {
        let denied: Vec<IpNet> = vec!["169.254.0.0/16".parse().unwrap()];
        #[rustfmt::skip]
        let cases = [
            ("169.254.169.254",           true),
            ("::ffff:169.254.169.254",    true),
            ("64:ff9b::a9fe:a9fe",        true),
            ("2002:a9fe:a9fe::1",         true),
            ("::a9fe:a9fe",               true),
            ("169.253.169.254",           false),
            ("::1",                       false),
            ("2001:db8::a9fe:a9fe",       false),
        ];
        for (address, want) in cases {
            assert_eq!(is_denied(&denied, address.parse().unwrap()), want, "{address}");
        }
    }
}
