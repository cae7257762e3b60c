//! What a peer is, by its address and attributes alone: the rules of the third-party decision that need no other
//! trace and no setting.

use std::net::{IpAddr, Ipv6Addr};

use hotspan_model::{Millionths, Peer, PeerReason, Vendor};

use crate::vendors;

/// A decision: what, why, how sure.
pub(crate) type Verdict = (Peer, PeerReason, Millionths);

/// How an operation speaks to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// A database, cache or broker.
    Store,
    /// A call.
    Call,
    /// A cloud's own function or service.
    Managed,
    /// A model provider.
    Model,
}

/// What the peer at `host` is; `domain` is its registrable domain.
pub(crate) fn verdict(speech: Speech, host: &str) -> Verdict {
    let of = |peer, reason, hundredths: u64| (peer, reason, Millionths(hundredths * 10_000));
    if speech == Speech::Store || is_managed_store(host) {
        return of(Peer::Datastore, PeerReason::DbAttributes, 95);
    }
    if speech == Speech::Managed || is_managed_service(host) {
        return of(Peer::Managed, PeerReason::Managed, 90);
    }
    if let Ok(ip) = host.parse() {
        return match is_private(ip) {
            true => of(Peer::Internal, PeerReason::PrivateIp, 90),
            false => of(Peer::External, PeerReason::PublicIp, 50),
        };
    }
    if host.is_empty() {
        return match speech {
            Speech::Model => of(Peer::ThirdParty, PeerReason::GenAi, 95),
            Speech::Store | Speech::Call | Speech::Managed => of(Peer::Unknown, PeerReason::NoHost, 0),
        };
    }
    if is_internal_name(host) {
        return of(Peer::Internal, PeerReason::Suffix, 90);
    }
    match speech {
        Speech::Model => of(Peer::ThirdParty, PeerReason::GenAi, 95),
        Speech::Store | Speech::Call | Speech::Managed => of(Peer::ThirdParty, PeerReason::PublicName, 80),
    }
}

/// The registrable domain of a host, by the ICANN section of the public suffix list; empty for addresses and
/// single labels. An unlisted top level counts as one suffix.
pub(crate) fn domain(host: &str) -> &str {
    if host.parse::<IpAddr>().is_ok() || !host.contains('.') {
        return "";
    }
    let mut from = host;
    // A private suffix (`github.io`) is somebody's domain: look at what follows its first label instead.
    loop {
        let listed = psl::suffix(from.as_bytes());
        let private = listed.is_some_and(|suffix| suffix.typ() == Some(psl::Type::Private));
        match (private, from.split_once('.')) {
            (true, Some((_, rest))) => from = rest,
            (_, _) => break,
        }
    }
    let suffix = psl::suffix(from.as_bytes()).map_or(0, |suffix| suffix.as_bytes().len());
    let Some(before) = host.len().checked_sub(suffix + 1) else {
        return "";
    };
    let Some(labels) = host.get(..before) else {
        return "";
    };
    let start = labels.rfind('.').map_or(0, |dot| dot + 1);
    &host[start..]
}

/// Who a third party is.
pub(crate) fn vendor(domain: &str) -> Option<Vendor> {
    vendors::find(domain)
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_private(IpAddr::V4(ip)),
            None => is_private_v6(ip),
        },
    }
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let first = ip.segments()[0];
    ip.is_loopback() || ip.is_unspecified() || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
}

fn is_internal_name(host: &str) -> bool {
    const SUFFIXES: [&str; 9] = [
        ".svc",
        ".cluster.local",
        ".local",
        ".internal",
        ".intranet",
        ".corp",
        ".lan",
        ".home.arpa",
        ".consul",
    ];
    let host = host.trim_end_matches('.');
    !host.contains('.') || SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

/// Relational stores, caches and search of the big clouds, by the shape of their names.
fn is_managed_store(host: &str) -> bool {
    const SUFFIXES: [&str; 13] = [
        ".rds.amazonaws.com",
        ".cache.amazonaws.com",
        ".es.amazonaws.com",
        ".aoss.amazonaws.com",
        ".redshift.amazonaws.com",
        ".docdb.amazonaws.com",
        ".database.windows.net",
        ".documents.azure.com",
        ".database.azure.com",
        ".redis.cache.windows.net",
        ".search.windows.net",
        ".mongodb.net",
        ".aws.elastic-cloud.com",
    ];
    SUFFIXES.iter().any(|suffix| host.ends_with(suffix)) || is_regional(host, &["dynamodb", "rds-data"])
}

/// Object stores, queues, secrets and functions of the big clouds.
fn is_managed_service(host: &str) -> bool {
    const SUFFIXES: [&str; 9] = [
        ".blob.core.windows.net",
        ".queue.core.windows.net",
        ".table.core.windows.net",
        ".servicebus.windows.net",
        ".vault.azure.net",
        ".storage.googleapis.com",
        ".lambda-url.on.aws",
        ".azurewebsites.net",
        ".cloudfunctions.net",
    ];
    const NAMES: [&str; 6] = [
        "storage.googleapis.com",
        "pubsub.googleapis.com",
        "secretmanager.googleapis.com",
        "cloudtasks.googleapis.com",
        "kms.googleapis.com",
        "metadata.google.internal",
    ];
    const SERVICES: [&str; 11] = [
        "s3",
        "sqs",
        "sns",
        "lambda",
        "secretsmanager",
        "ssm",
        "kms",
        "kinesis",
        "sts",
        "events",
        "states",
    ];
    SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
        || NAMES.contains(&host)
        || is_regional(host, &SERVICES)
}

/// `sqs.eu-west-1.amazonaws.com`, `bucket.s3.amazonaws.com`, `s3-eu-west-1.amazonaws.com`.
fn is_regional(host: &str, services: &[&str]) -> bool {
    let names = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    names.is_some_and(|names| {
        names.split('.').any(|label| {
            let mut starts = services.iter().filter_map(|service| label.strip_prefix(service));
            starts.any(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_decide_in_order() {
        for (host, peer, reason) in [
            (
                "shop.rds.amazonaws.com",
                Peer::Datastore,
                PeerReason::DbAttributes,
            ),
            ("sqs.eu-west-1.amazonaws.com", Peer::Managed, PeerReason::Managed),
            ("bucket.s3.amazonaws.com", Peer::Managed, PeerReason::Managed),
            ("10.1.2.3", Peer::Internal, PeerReason::PrivateIp),
            ("100.64.0.1", Peer::Internal, PeerReason::PrivateIp),
            ("fd00::1", Peer::Internal, PeerReason::PrivateIp),
            ("::ffff:10.0.0.1", Peer::Internal, PeerReason::PrivateIp),
            ("100.128.0.1", Peer::External, PeerReason::PublicIp),
            ("8.8.8.8", Peer::External, PeerReason::PublicIp),
            ("catalog", Peer::Internal, PeerReason::Suffix),
            (
                "catalog.shop.svc.cluster.local",
                Peer::Internal,
                PeerReason::Suffix,
            ),
            ("catalog.internal", Peer::Internal, PeerReason::Suffix),
            ("api.stripe.test", Peer::ThirdParty, PeerReason::PublicName),
            ("", Peer::Unknown, PeerReason::NoHost),
        ] {
            let (found, why, _) = verdict(Speech::Call, host);
            assert_eq!((found, why), (peer, reason), "{host}");
        }
        assert_eq!(verdict(Speech::Store, "db.example.com").0, Peer::Datastore);
        assert_eq!(verdict(Speech::Model, "").1, PeerReason::GenAi);
    }

    #[test]
    fn the_registrable_domain_is_one_label_before_the_icann_suffix() {
        for (host, expected) in [
            ("api.stripe.com", "stripe.com"),
            ("api.stripe.test", "stripe.test"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("someone.github.io", "github.io"),
            ("bucket.s3.amazonaws.com", "amazonaws.com"),
            ("stripe.com", "stripe.com"),
            ("com", ""),
            ("co.uk", ""),
            ("catalog", ""),
            ("10.0.0.1", ""),
            ("::1", ""),
        ] {
            assert_eq!(domain(host), expected, "{host}");
        }
    }
}
