//! What a physiological column is, from its name: for the sidecars of tables, and for people.

use serde_json::{Value, json};

/// The same in words.
#[must_use]
pub fn described(name: &str) -> String {
    describe(name)["Description"].as_str().unwrap_or_default().to_owned()
}

/// As a field of a BIDS sidecar; names are `cardiac_cos1`, `resp_sin2`, `interaction_cos_c1_plus_r1`, `rvt_rrf_delay_5s`.
#[must_use]
pub fn describe(name: &str) -> Value {
    let function = |text: &str| match text {
        "cos" => "cosine",
        _ => "sine",
    };
    for (start, signal) in [("cardiac_", "cardiac"), ("resp_", "respiratory")] {
        let Some((f, Ok(order))) = name
            .strip_prefix(start)
            .filter(|rest| rest.starts_with("cos") || rest.starts_with("sin"))
            .map(|rest| (&rest[..3], rest[3..].parse::<usize>()))
        else {
            continue;
        };
        return json!({
            "Description": format!("{} of {order} times the {signal} phase", function(f)),
            "Method": "RETROICOR",
            "Signal": signal,
            "Order": order,
            "Units": "arbitrary",
        });
    }
    let parts: Vec<&str> = name.split('_').collect();
    if let ["interaction", f @ ("cos" | "sin"), c, sign @ ("plus" | "minus"), r] = parts[..] {
        let order = |text: &str| text[1..].parse::<usize>().unwrap_or(1);
        return json!({
            "Description": format!(
                "{} of {} times the cardiac phase {sign} {} times the respiratory phase",
                function(f), order(c), order(r)
            ),
            "Method": "RETROICOR",
            "Signal": "cardiac x respiratory",
            "Order": [order(c), order(r)],
            "Units": "arbitrary",
        });
    }
    for (start, method, signal) in [
        ("rvt_hilbert_", "RVT by the analytic signal", "respiratory"),
        ("rvt_", "RVT by peaks", "respiratory"),
        ("rv_", "RV", "respiratory"),
        ("hr_", "HR", "cardiac"),
    ] {
        if let Some(rest) = name.strip_prefix(start) {
            let delay_s = rest.rsplit('_').next().and_then(|s| s.strip_suffix('s'));
            let delay_s: f64 = delay_s.and_then(|s| s.parse().ok()).unwrap_or(0.0);
            let response = rest.split('_').next().unwrap_or_default().to_uppercase();
            return json!({
                "Description": format!("{method}, convolved with the {response}"),
                "Method": method,
                "Signal": signal,
                "Delay": delay_s,
                "Units": "arbitrary",
            });
        }
    }
    json!({ "Description": name, "Units": "arbitrary" })
}
