//! Why a handshake failed, as it is counted.

use std::io;

use rustls::{CertificateError, Error, InvalidMessage};

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// It took too long.
    Timeout,
    /// The client hung up.
    HungUp,
    /// The client does not speak TLS.
    PlainText,
    /// No certificate was shown where one is needed.
    NoCertificate,
    /// The client's certificate is over, or not valid yet.
    Expired,
    /// The client's certificate is of another authority.
    UnknownAuthority,
    /// The client's certificate has no name that is known here.
    UnknownName,
    /// The client's certificate is no good for another reason.
    BadCertificate,
    /// The client refused: most often it does not trust this side's certificate.
    Refused,
    /// Both have no version or cipher in common, or the client broke the protocol.
    Protocol,
}

impl Failure {
    /// All of them, in order; `failure as usize` is its place.
    pub const ALL: [Failure; 10] = [
        Failure::Timeout,
        Failure::HungUp,
        Failure::PlainText,
        Failure::NoCertificate,
        Failure::Expired,
        Failure::UnknownAuthority,
        Failure::UnknownName,
        Failure::BadCertificate,
        Failure::Refused,
        Failure::Protocol,
    ];

    /// How metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Failure::Timeout => "timeout",
            Failure::HungUp => "hung_up",
            Failure::PlainText => "plain_text",
            Failure::NoCertificate => "no_certificate",
            Failure::Expired => "expired",
            Failure::UnknownAuthority => "unknown_authority",
            Failure::UnknownName => "unknown_name",
            Failure::BadCertificate => "bad_certificate",
            Failure::Refused => "refused_by_client",
            Failure::Protocol => "protocol",
        }
    }

    /// Of what tokio-rustls gives, which is rustls's own error within one of the system.
    pub(crate) fn of(error: &io::Error) -> Failure {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match inner {
            None => Failure::HungUp,
            Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => Failure::PlainText,
            Some(Error::NoCertificatesPresented) => Failure::NoCertificate,
            Some(Error::InvalidCertificate(why)) => Failure::of_certificate(why),
            Some(Error::AlertReceived(_)) => Failure::Refused,
            Some(_) => Failure::Protocol,
        }
    }

    fn of_certificate(why: &CertificateError) -> Failure {
        use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext, UnknownIssuer};
        if matches!(
            why,
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
        ) {
            return Failure::Expired;
        }
        match why == &UnknownIssuer {
            true => Failure::UnknownAuthority,
            false => Failure::BadCertificate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_place_and_a_name_of_its_own() {
        for (place, failure) in Failure::ALL.into_iter().enumerate() {
            assert_eq!(failure as usize, place);
            let same = Failure::ALL
                .into_iter()
                .filter(|other| other.name() == failure.name());
            assert_eq!(same.count(), 1);
        }
    }
}
