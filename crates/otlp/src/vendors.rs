//! The vendor catalogue: domains that people know by another name.

use hotspan_model::Vendor;

/// Domain, name, category.
const CATALOGUE: &[(&str, &str, &str)] = &[
    ("adyen.com", "Adyen", "payments"),
    ("algolia.net", "Algolia", "search"),
    ("amplitude.com", "Amplitude", "analytics"),
    ("anthropic.com", "Anthropic", "models"),
    ("auth0.com", "Auth0", "auth"),
    ("authorize.net", "Authorize.Net", "payments"),
    ("braintreegateway.com", "Braintree", "payments"),
    ("brevo.com", "Brevo", "mail"),
    ("checkout.com", "Checkout.com", "payments"),
    ("cohere.com", "Cohere", "models"),
    ("datadoghq.com", "Datadog", "analytics"),
    ("firebase.com", "Firebase", "auth"),
    ("google-analytics.com", "Google Analytics", "analytics"),
    ("here.com", "HERE", "maps"),
    ("hubapi.com", "HubSpot", "crm"),
    ("intercom.io", "Intercom", "support"),
    ("klarna.com", "Klarna", "payments"),
    ("launchdarkly.com", "LaunchDarkly", "flags"),
    ("mailchimp.com", "Mailchimp", "mail"),
    ("mailgun.net", "Mailgun", "mail"),
    ("mandrillapp.com", "Mandrill", "mail"),
    ("mapbox.com", "Mapbox", "maps"),
    ("messagebird.com", "Bird", "sms"),
    ("mistral.ai", "Mistral", "models"),
    ("mixpanel.com", "Mixpanel", "analytics"),
    ("mollie.com", "Mollie", "payments"),
    ("nexmo.com", "Vonage", "sms"),
    ("okta.com", "Okta", "auth"),
    ("onesignal.com", "OneSignal", "push"),
    ("openai.com", "OpenAI", "models"),
    ("paypal.com", "PayPal", "payments"),
    ("plivo.com", "Plivo", "sms"),
    ("postmarkapp.com", "Postmark", "mail"),
    ("razorpay.com", "Razorpay", "payments"),
    ("salesforce.com", "Salesforce", "crm"),
    ("segment.io", "Segment", "analytics"),
    ("sendgrid.com", "SendGrid", "mail"),
    ("sentry.io", "Sentry", "analytics"),
    ("shippo.com", "Shippo", "shipping"),
    ("slack.com", "Slack", "chat"),
    ("sparkpost.com", "SparkPost", "mail"),
    ("squareup.com", "Square", "payments"),
    ("stripe.com", "Stripe", "payments"),
    ("taxjar.com", "TaxJar", "tax"),
    ("twilio.com", "Twilio", "sms"),
    ("vonage.com", "Vonage", "sms"),
    ("workos.com", "WorkOS", "auth"),
    ("zendesk.com", "Zendesk", "support"),
];

/// The vendor behind a registrable domain.
pub(crate) fn find(domain: &str) -> Option<Vendor> {
    let at = CATALOGUE.binary_search_by_key(&domain, |entry| entry.0).ok()?;
    let (_, name, category) = CATALOGUE[at];
    Some(Vendor { name, category })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_found() {
        assert!(CATALOGUE.is_sorted_by_key(|entry| entry.0));
        assert_eq!(find("stripe.com").map(|vendor| vendor.category), Some("payments"));
        assert_eq!(find("stripe.test"), None);
    }
}
