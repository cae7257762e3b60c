//! A drawing for each detector, with one finding each.

/// One drawing a detector; each has one finding.
pub(crate) fn drawings() -> Vec<(&'static str, String)> {
    let calls: String = (1..7)
        .map(|n| format!("\n    call GET /p/{n} {n}0..{n}8\n      price server GET /p/:id {n}1..{n}7 host=b"))
        .collect();
    vec![
        (
            "n-plus-one-query",
            "
            gate GET /page           0..140 host=g
              call GET /cart         5..135
                cart server GET /cart  10..130 host=a
                  db SELECT cart    11..15 rows=6
                  internal items    20..120
                    db SELECT item  22..30 x6+4
            "
            .to_owned(),
        ),
        (
            "n-plus-one-call",
            format!("cart GET /cart 0..100 host=a\n  internal prices 5..95{calls}"),
        ),
        (
            "n-plus-one-cache",
            "cart GET /cart 0..100\n  internal items 5..95\n    cache GET item:# 10..14 x12+2 hidden".to_owned(),
        ),
        (
            "third-party-on-critical-path",
            "shop GET /pay 0..1000\n  internal pay 10..990\n    call POST /charges 50..950 third to=api.vendor.example"
                .to_owned(),
        ),
        (
            "serial-fan-out",
            "
            cart GET /cart          0..400
              internal quote        5..395
                call GET /stock    10..100
                call GET /ship    105..200
                call GET /reviews 210..300
            "
            .to_owned(),
        ),
    ]
    .into_iter()
    .chain(waits_and_failures())
    .chain(of_databases())
    .collect()
}

/// The same of the synchronous break and of observability.
fn waits_and_failures() -> Vec<(&'static str, String)> {
    let shards: String = (1..12)
        .map(|n| {
            let end = if n == 11 { 190 } else { 30 };
            format!("\n  call GET /find 10..{end} to=shard-{n} params=1\n    shard server GET /find 11..{} host=s{n}", end - 1)
        })
        .collect();
    let mut hops = "edge GET /a0 0..60 host=a".to_owned();
    for n in 1..6 {
        let (indent, from, to) = (" ".repeat(2 * n), 4 * n, 60 - 4 * n);
        hops += &format!("\n{indent}call GET /a{n} {}..{}", from - 3, to + 3);
        hops += &format!("\n{indent} s{n} server GET /a{n} {from}..{to} host=h{n}");
    }
    let parts: String = (1..13)
        .map(|n| format!("\n    internal part {}..{} err", 10 * n, 10 * n + 8))
        .collect();
    vec![
        (
            "retry-storm",
            "
            cart GET /cart          0..300
              internal reserve      5..295
                call GET /stock    10..30 x6+20 params=1 err http=503
            "
            .to_owned(),
        ),
        (
            "deferrable-call",
            "
            shop POST /signup         0..140
              db INSERT user         10..60 write
              internal finish        65..135
                call POST /v1/email  70..130 write to=mailer
            "
            .to_owned(),
        ),
        (
            "call-in-transaction",
            "
            shop POST /place            0..140
              db-meta BEGIN             5..6
              internal reserve          10..120
                call POST /reserve      20..110 write
                  stock server POST /reserve 25..105 host=b
              db-meta COMMIT           125..130
            "
            .to_owned(),
        ),
        (
            "timeout-inversion",
            "
            shop GET /report                 0..600 host=a
              internal sums                  5..595
                call GET /sums              10..510 err
                  sums server GET /sums     15..900 host=b
            "
            .to_owned(),
        ),
        ("fan-out-tail", format!("find GET /find 0..200 host=a{shards}")),
        ("hop-chain", hops),
        (
            "exception-storm",
            format!("shop GET /import 0..200\n  internal rows 5..195{parts}"),
        ),
    ]
}

/// The same of the database break, and of publishing.
fn of_databases() -> Vec<(&'static str, String)> {
    let drawings = [
        (
            "per-item-loop",
            "
            cart GET /cart           0..120 host=a
              internal items         5..115
                db SELECT item      10..14 x6+6
                db UPDATE stock     14..18 x6+6 write
            ",
        ),
        (
            "redundant-query",
            "
            cart GET /cart           0..120 host=a
              internal page          5..115
                db SELECT setting   10..14 x8+3 params=7
            ",
        ),
        (
            "n-plus-one-publish",
            "
            shop POST /orders        0..120 host=a
              internal notify        5..115
                publish send mails  10..14 x12+3 hidden
            ",
        ),
        (
            "slow-query",
            "
            shop GET /report         0..1000 host=a
              internal load          5..990
                db SELECT orders    10..610
            ",
        ),
        (
            "procedure-heavy",
            "
            shop POST /close         0..900 host=a
              internal close         5..890
                db CALL close_month 10..610 routine
            ",
        ),
        (
            "missing-pool",
            "
            cart GET /cart           0..120 host=a
              internal load          5..115
                connect connect     10..20
                db SELECT item      20..30
                connect connect     40..50
                db SELECT price     50..60
            ",
        ),
    ];
    drawings
        .map(|(detector, text)| (detector, text.to_owned()))
        .into()
}
