//! Alerts as their receivers read them: Alertmanager's API v2, and the body of its webhooks, version 4.

use std::collections::BTreeMap;

use hotspan_api::shape::Moment;
use serde_json::{Value, json};

use super::life::Sent;
use super::{Labels, TENANT};

/// Who sends to webhooks.
const RECEIVER: &str = "hotspan";

/// An array for `/api/v2/alerts`.
pub(crate) fn alertmanager(alerts: &[Sent]) -> Value {
    let one = |sent: &Sent| {
        json!({
            "labels": sent.alert.labels,
            "annotations": sent.alert.annotations,
            "startsAt": Moment::from(sent.starts).to_string(),
            "endsAt": Moment::from(sent.ends).to_string(),
            "generatorURL": sent.alert.url,
        })
    };
    alerts.iter().map(one).collect()
}

/// What a webhook hears of one service.
pub(crate) fn webhook(service: &str, alerts: &[Sent], page: &str) -> Value {
    let labels = alerts.iter().map(|sent| &sent.alert.labels);
    let annotations = alerts.iter().map(|sent| &sent.alert.annotations);
    let mut group = BTreeMap::from([("service", service)]);
    let tenant = alerts.first().and_then(|sent| sent.alert.labels.get(TENANT));
    group.extend(tenant.map(|tenant| (TENANT, tenant.as_str())));
    let key: Vec<String> = group
        .iter()
        .map(|(name, value)| format!("{name}={}", Value::from(*value)))
        .collect();
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{{}}}", key.join(", ")),
        "truncatedAlerts": 0,
        "status": status(alerts.iter().any(|sent| sent.is_firing)),
        "receiver": RECEIVER,
        "groupLabels": group,
        "commonLabels": common(labels),
        "commonAnnotations": common(annotations),
        "externalURL": page,
        "alerts": alerts.iter().map(one).collect::<Vec<_>>(),
    })
}

fn one(sent: &Sent) -> Value {
    let ends = match sent.is_firing {
        // Of what still fires, webhooks hear no end.
        true => "0001-01-01T00:00:00Z".to_owned(),
        false => Moment::from(sent.ends).to_string(),
    };
    json!({
        "status": status(sent.is_firing),
        "labels": sent.alert.labels,
        "annotations": sent.alert.annotations,
        "startsAt": Moment::from(sent.starts).to_string(),
        "endsAt": ends,
        "generatorURL": sent.alert.url,
        "fingerprint": format!("{:016x}", fingerprint(&sent.alert.labels)),
    })
}

fn status(is_firing: bool) -> &'static str {
    match is_firing {
        true => "firing",
        false => "resolved",
    }
}

/// What all have alike.
fn common<'a, N: Ord + Clone + 'a>(
    mut all: impl Iterator<Item = &'a BTreeMap<N, String>>,
) -> BTreeMap<N, String> {
    let mut common = all.next().cloned().unwrap_or_default();
    for other in all {
        common.retain(|name, value| other.get(name) == Some(value));
    }
    common
}

/// Prometheus's hash of labels: FNV-1a over names and values, each ended by a byte that no text has.
fn fingerprint(labels: &Labels) -> u64 {
    let bytes = labels.iter().flat_map(|(name, value)| {
        let parts = [name.as_bytes(), &[0xff], value.as_bytes(), &[0xff]];
        parts.into_iter().flatten().copied()
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hotspan_model::LogTime;

    use super::*;
    use crate::alerts::Alert;

    fn sent(id: &str, is_firing: bool) -> Sent {
        let labels = [
            ("alertname", "HotspanNewHotspot"),
            ("service", "cart"),
            ("hotspot_id", id),
        ];
        Sent {
            alert: Alert {
                labels: labels.map(|(name, value)| (name, value.to_owned())).into(),
                annotations: BTreeMap::from([("summary".to_owned(), format!("number {id}"))]),
                url: format!("http://h/hotspots/{id}"),
            },
            starts: LogTime(1_764_000_000_000_000_000),
            ends: LogTime(1_764_000_240_000_000_000),
            is_firing,
        }
    }

    #[test]
    fn a_webhook_hears_whose_alerts_are_in_a_group() {
        let mut one = sent("1", true);
        one.alert.labels.insert(TENANT, "acme".to_owned());
        let body = webhook("cart", &[one], "http://h");
        assert_eq!(body["groupKey"], "{}:{service=\"cart\", tenant=\"acme\"}");
        assert_eq!(body["groupLabels"], json!({"service": "cart", "tenant": "acme"}));
        assert_eq!(body["commonLabels"]["tenant"], "acme");
    }

    #[test]
    fn alertmanager_reads_an_array() {
        let expected = json!([{
            "labels": {"alertname": "HotspanNewHotspot", "service": "cart", "hotspot_id": "1"},
            "annotations": {"summary": "number 1"},
            "startsAt": "2025-11-24T16:00:00.000000000Z",
            "endsAt": "2025-11-24T16:04:00.000000000Z",
            "generatorURL": "http://h/hotspots/1",
        }]);
        assert_eq!(alertmanager(&[sent("1", true)]), expected);
    }

    #[test]
    fn a_webhook_reads_version_4_with_what_all_alerts_have_alike() {
        let body = webhook("cart", &[sent("1", true), sent("2", false)], "http://h");
        assert_eq!(body["version"], "4");
        assert_eq!(body["groupKey"], "{}:{service=\"cart\"}");
        assert_eq!(
            (&body["status"], &body["truncatedAlerts"]),
            (&json!("firing"), &json!(0))
        );
        assert_eq!(body["groupLabels"], json!({"service": "cart"}));
        assert_eq!(
            body["commonLabels"],
            json!({"alertname": "HotspanNewHotspot", "service": "cart"})
        );
        assert_eq!(body["commonAnnotations"], json!({}));
        assert_eq!(body["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
        assert_eq!(body["alerts"][1]["status"], "resolved");
        assert_eq!(body["alerts"][1]["endsAt"], "2025-11-24T16:04:00.000000000Z");
        assert_ne!(body["alerts"][0]["fingerprint"], body["alerts"][1]["fingerprint"]);
        assert_eq!(webhook("cart", &[sent("2", false)], "")["status"], "resolved");
    }
}
