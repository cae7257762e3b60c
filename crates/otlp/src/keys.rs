//! The attribute keys that are read, and the logical fields they spell: newest name first.

/// One known key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u8);

impl Slot {
    #[inline]
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Whether it is the slot of this key.
    #[inline(always)]
    pub(crate) fn is_of(self, key: &[u8]) -> bool {
        same_key(KEYS[self.index()].as_bytes(), key)
    }
}

/// A logical field: the keys that spell it, as a set of slots. The lowest slot is the newest name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field(pub(crate) u128);

/// Keys of parameters: their names go on.
pub(crate) const PARAMETER_PREFIXES: [&[u8]; 2] = [b"db.query.parameter.", b"db.operation.parameter."];

/// How many keys are known.
pub(crate) const SLOTS: usize = KEYS.len();

/// Each logical field with its keys in order. A key that spells two fields stands in the first one; `shared` adds
/// it to the second.
macro_rules! fields {
    ($($field:ident = [$($key:literal),* $(,)?] $(+ $shared:literal)*;)+) => {
        const KEYS: &[&str] = &[$($($key,)*)+];
        impl Field {
            $(
                #[doc = concat!("Spelt ", $("`", $key, "` ",)* $("`", $shared, "` ",)* "in that order.")]
                pub(crate) const $field: Field = Field(set(&[$($key,)* $($shared),*]));
            )+
        }
    };
}

fields! {
    SERVICE = ["service.name"];
    SERVICE_NAMESPACE = ["service.namespace"];
    SERVICE_VERSION = ["service.version"];
    HOST = ["host.id", "host.name"] + "service.instance.id";
    INSTANCE = ["service.instance.id", "k8s.pod.uid", "k8s.pod.name", "container.id"];
    PROCESS = ["process.pid"];
    ENVIRONMENT = ["deployment.environment.name", "deployment.environment"];
    LANGUAGE = ["telemetry.sdk.language"];
    OS = ["os.name"];

    HTTP_METHOD = ["http.request.method", "http.method"];
    HTTP_METHOD_ORIGINAL = ["http.request.method_original"];
    HTTP_STATUS = ["http.response.status_code", "http.status_code"];
    HTTP_ROUTE = ["http.route"];
    URL_TEMPLATE = ["url.template"];
    URL_FULL = ["url.full"];
    HTTP_URL = ["http.url"];
    URL_SCHEME = ["url.scheme", "http.scheme"];
    URL_PATH = ["url.path"];
    URL_QUERY = ["url.query"];
    HTTP_TARGET = ["http.target"];
    RESEND = ["http.request.resend_count"];
    HOST_HEADER = ["http.request.header.host"];

    SERVER_ADDRESS = ["server.address"];
    // What stands behind `http.url`, which comes second.
    PEER_NAME = ["net.peer.name", "http.host", "net.sock.peer.name", "http.server_name"];
    PEER_PORT = ["server.port", "net.peer.port"];
    PEER_IP = ["network.peer.address", "net.peer.ip", "net.sock.peer.addr"];
    PEER_SERVICE = ["service.peer.name", "peer.service"];

    DB_SYSTEM = ["db.system.name", "db.system"];
    DB_TEXT = ["db.query.text", "db.statement"];
    DB_SUMMARY = ["db.query.summary"];
    DB_OPERATION = ["db.operation.name", "db.operation"];
    DB_COLLECTION = [
        "db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table",
        "aws.dynamodb.table_names",
    ];
    DB_NAMESPACE = ["db.namespace", "db.name", "db.redis.database_index"];
    DB_PROCEDURE = ["db.stored_procedure.name"];
    DB_BATCH = ["db.operation.batch.size"];
    DB_ROWS = ["db.response.returned_rows"];
    DB_STATUS = ["db.response.status_code"];
    DB_PARAMETERS = ["db.statement.parameters"];

    RPC_SYSTEM = ["rpc.system.name", "rpc.system"];
    RPC_METHOD = ["rpc.method"];
    RPC_SERVICE = ["rpc.service"];
    RPC_STATUS = [
        "rpc.status_code", "rpc.response.status_code", "rpc.grpc.status_code", "rpc.connect_rpc.error_code",
        "rpc.jsonrpc.error_code",
    ];

    MESSAGING_SYSTEM = ["messaging.system"];
    MESSAGING_OPERATION = ["messaging.operation.type", "messaging.operation.name", "messaging.operation"];
    DESTINATION_TEMPLATE = ["messaging.destination.template"];
    DESTINATION = ["messaging.destination.name", "messaging.destination"];
    DESTINATION_TEMPORARY = ["messaging.destination.temporary", "messaging.temp_destination"];
    DESTINATION_ANONYMOUS = ["messaging.destination.anonymous"];
    GROUP = ["messaging.consumer.group.name", "messaging.kafka.consumer.group"];
    MESSAGES = ["messaging.batch.message_count"];

    ERROR_TYPE = ["error.type"];
    EXCEPTION = ["exception.type"];
    ERROR = ["error"];

    FUNCTION = ["code.function.name"];
    FUNCTION_NAMESPACE = ["code.namespace"];
    FUNCTION_OLD = ["code.function"];
    FILE = ["code.file.path", "code.filepath"];
    LINE = ["code.line.number", "code.lineno"];
    STACK = ["code.stacktrace"];

    FAAS = ["faas.invoked_name", "aws.lambda.invoked_arn"];
    GRAPHQL_NAME = ["graphql.operation.name"];
    MODEL_PROVIDER = ["gen_ai.provider.name", "gen_ai.system"];
    MODEL_OPERATION = ["gen_ai.operation.name"];
    MODEL = ["gen_ai.request.model"];

    IS_SUMMARY = ["aggregation.is_summary"];
    SUMMARY_COUNT = ["aggregation.span_count"];
    SUMMARY_MIN = ["aggregation.duration_min_ns"];
    SUMMARY_MAX = ["aggregation.duration_max_ns"];
    SUMMARY_AVERAGE = ["aggregation.duration_avg_ns"];
    SUMMARY_MEDIAN = ["aggregation.duration_median_ns"];
    SUMMARY_TOTAL = ["aggregation.duration_total_ns"];

    SAMPLER = ["sampler.type"];
    SAMPLER_PARAM = ["sampler.param"];
    IGNORE = ["hotspan.ignore"];
}

/// The slots of these keys.
const fn set(keys: &[&str]) -> u128 {
    let mut slots = 0;
    let mut at = 0;
    while at < keys.len() {
        let mut slot = 0;
        while !same(KEYS[slot].as_bytes(), keys[at].as_bytes()) {
            slot += 1;
        }
        slots |= 1 << slot;
        at += 1;
    }
    slots
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// How many bits of a key's hash choose its place in [`PLACES`].
const PLACE_BITS: u32 = 13;

/// A factor that gives each known key a place of its own.
const FACTOR: u64 = {
    let mut factor = 0xd6e8_feb8_6659_fd93;
    while !parts_all(factor) {
        factor += 2;
    }
    factor
};

/// By place: the slot of the one known key there; [`SLOTS`] where there is none. Most foreign keys meet none.
static PLACES: [u8; 1 << PLACE_BITS] = {
    let mut table = [SLOTS as u8; 1 << PLACE_BITS];
    let mut slot = 0;
    while slot < SLOTS {
        table[place(ends(KEYS[slot].as_bytes()), FACTOR)] = slot as u8;
        slot += 1;
    }
    table
};

/// Whether the known keys have places of their own.
const fn parts_all(factor: u64) -> bool {
    let mut taken = [false; 1 << PLACE_BITS];
    let mut slot = 0;
    while slot < SLOTS {
        let place = place(ends(KEYS[slot].as_bytes()), factor);
        if taken[place] {
            return false;
        }
        taken[place] = true;
        slot += 1;
    }
    true
}

/// Length and ends of a key in one number: tag and length as they stand before it on the wire, its first four bytes,
/// and over them its last four.
const fn ends(key: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) else {
        return 0;
    };
    let start = (u32::from_le_bytes(*first) as u64) << 16 | (key.len() as u64) << 8 | (1 << 3 | 2);
    start ^ u32::from_le_bytes(*last) as u64
}

#[inline(always)]
const fn place(ends: u64, factor: u64) -> usize {
    (ends.wrapping_mul(factor) >> (64 - PLACE_BITS)) as usize
}

/// Whether a key is this known one. Chunks that overlap, since a call costs more than keys are long.
#[inline(always)]
fn same_key(known: &[u8], key: &[u8]) -> bool {
    if known.len() != key.len() {
        return false;
    }
    match key.len() {
        16.. => {
            known.first_chunk::<16>() == key.first_chunk() && known.last_chunk::<16>() == key.last_chunk()
        }
        8.. => known.first_chunk::<8>() == key.first_chunk() && known.last_chunk::<8>() == key.last_chunk(),
        _ => known.first_chunk::<4>() == key.first_chunk() && known.last_chunk::<4>() == key.last_chunk(),
    }
}

const _: () = {
    let mut slot = 0;
    while slot < SLOTS {
        assert!(
            4 <= KEYS[slot].len() && KEYS[slot].len() <= 32,
            "two chunks cover a key"
        );
        slot += 1;
    }
};

/// The slot of a key that is known.
#[inline(always)]
pub(crate) fn slot(key: &[u8]) -> Option<Slot> {
    likely(ends(key)).filter(|slot| slot.is_of(key))
}

/// The only slot that a key with these [`ends`] can have; most foreign keys have none.
#[inline(always)]
pub(crate) fn likely(ends: u64) -> Option<Slot> {
    let slot = PLACES[place(ends, FACTOR)];
    (usize::from(slot) < SLOTS).then_some(Slot(slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Pair;

    #[test]
    fn every_key_finds_its_slot_and_others_find_none() {
        for (place, key) in KEYS.iter().enumerate() {
            assert_eq!(slot(key.as_bytes()).map(Slot::index), Some(place), "{key}");
        }
        for key in ["", "x", "service", "db.statemenu", "http.urls", "erro"] {
            assert_eq!(slot(key.as_bytes()), None, "{key}");
        }
        const { assert!(SLOTS <= 128, "slots are bits of a u128") };
    }

    #[test]
    fn a_key_has_the_same_ends_on_the_wire() {
        for key in KEYS {
            let len = key.len() as u8;
            let mut bytes = vec![9 << 3 | 2, len + 7, 1 << 3 | 2, len];
            bytes.extend_from_slice(key.as_bytes());
            bytes.extend([2 << 3 | 2, 3, 1 << 3 | 2, 1, b'v']);
            let (pair, rest) = Pair::take(&bytes, 9).unwrap();
            assert_eq!(likely(pair.ends), slot(key.as_bytes()), "{key}");
            assert_eq!(
                (pair.key, pair.text(), rest),
                (key.as_bytes(), Some(&b"v"[..]), &[][..])
            );
        }
    }

    #[test]
    fn a_newer_name_has_a_lower_slot() {
        for (newer, older) in [
            ("db.query.text", "db.statement"),
            ("server.port", "net.peer.port"),
            ("host.id", "service.instance.id"),
            ("network.peer.address", "net.sock.peer.addr"),
        ] {
            assert!(slot(newer.as_bytes()).unwrap().index() < slot(older.as_bytes()).unwrap().index());
        }
    }
}
