//! The gRPC API `hotspan.v1`, and what Jaeger's and Tempo's clients read in protobuf, generated from `proto/`: messages,
//! servers, clients, descriptors.

/// A module of generated code.
macro_rules! generated {
    ($(#[$doc:meta])* $module:ident, $package:literal) => {
        $(#[$doc])*
        #[allow(
            clippy::all,
            unreachable_pub,
            missing_debug_implementations,
            clippy::wildcard_enum_match_arm,
            clippy::too_many_lines,
            clippy::unwrap_used,
            clippy::allow_attributes_without_reason,
            clippy::let_underscore_must_use,
            reason = "generated"
        )]
        pub mod $module {
            tonic::include_proto!($package);
        }
    };
}

generated!(
    /// Messages and services of `hotspan.v1`.
    v1,
    "hotspan.v1"
);

/// The part of OTLP that other tools' answers are written in. Generated code finds it by the nesting of packages.
pub mod opentelemetry {
    /// Its packages.
    pub mod proto {
        /// Attributes and scopes.
        pub mod common {
            generated!(
                /// Messages.
                v1,
                "opentelemetry.proto.common.v1"
            );
        }
        /// Resources.
        pub mod resource {
            generated!(
                /// Messages.
                v1,
                "opentelemetry.proto.resource.v1"
            );
        }
        /// Spans.
        pub mod trace {
            generated!(
                /// Messages.
                v1,
                "opentelemetry.proto.trace.v1"
            );
        }
    }
}

generated!(
    /// What Tempo answers for one trace.
    tempopb,
    "tempopb"
);

/// Jaeger's packages.
pub mod jaeger {
    generated!(
        /// Messages and the service of `jaeger.api_v3`.
        api_v3,
        "jaeger.api_v3"
    );
}

/// The encoded descriptors of everything in `proto/`, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
