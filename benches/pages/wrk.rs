//! `wrk`, and what it says.

use std::{fs, path::Path, time::Duration};

use crate::process;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// The page at this path.
    Page(&'a str),
    /// A form handed in at this path.
    Form(&'a str),
    /// The pages of invitations, one after the other, each with a rating that was tapped. The file has a token a line.
    Pages(&'a Path),
    /// An answer to each invitation.
    Answers(&'a Path),
}

/// What one run did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) per_second: f64,
    pub(crate) n_requests: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

const FORM: &str = "overall=4&why=The+soup+was+cold+and+the+waiter+very+kind";

/// Asks over so many connections for so many seconds. Every answer has to be a page or a redirection.
pub(crate) fn run(port: u16, wanted: Wanted<'_>, (n_connections, n_seconds): (usize, u32)) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("wrk.lua");
    fs::write(&script, lua(wanted)).unwrap();
    let mut command = process::command("/usr/bin/wrk");
    command.args(["-t1", "--latency", &format!("-c{n_connections}"), &format!("-d{n_seconds}s"), "-s"]).arg(script);
    let said = process::run(command.arg(format!("http://127.0.0.1:{port}/")));
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let field = |name: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap_or_else(|| panic!("{said}"));
        line.split_whitespace().next().unwrap().to_owned()
    };
    let n_requests =
        said.lines().find(|line| line.contains(" requests in ")).unwrap().split_whitespace().next().unwrap();
    Run {
        per_second: field("Requests/sec:").parse().unwrap(),
        n_requests: n_requests.parse().unwrap(),
        p50: duration(&field("50%")),
        p99: duration(&field("99%")),
    }
}

fn lua(wanted: Wanted<'_>) -> String {
    let agent = "[\"User-Agent\"] = \"Mozilla/5.0 (Linux; Android 14)\", [\"Accept-Language\"] = \"de-DE,de;q=0.9\"";
    let form = "[\"Content-Type\"] = \"application/x-www-form-urlencoded\"";
    let (tokens, request) = match wanted {
        Wanted::Page(path) => (None, format!("wrk.format('GET', '{path}', {{ {agent} }})")),
        Wanted::Form(path) => (None, format!("wrk.format('POST', '{path}', {{ {agent}, {form} }}, '{FORM}')")),
        Wanted::Pages(file) => {
            (Some(file), format!("wrk.format('GET', '/s/' .. token() .. '?overall=4', {{ {agent} }})"))
        }
        Wanted::Answers(file) => {
            (Some(file), format!("wrk.format('POST', '/s/' .. token(), {{ {agent}, {form} }}, '{FORM}')"))
        }
    };
    let tokens = tokens.map(|file| {
        format!(
            "local tokens, n = {{}}, 0\nfor line in io.lines('{}') do tokens[#tokens + 1] = line end\n\
             local function token() n = n % #tokens + 1; return tokens[n] end\n",
            file.display()
        )
    });
    format!("{}request = function() return {request} end\n", tokens.unwrap_or_default())
}

/// `1.23ms`, `45.60us` or `1.20s`.
fn duration(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.find(char::is_alphabetic).unwrap());
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        other => panic!("{other} is no unit of wrk"),
    };
    Duration::from_secs_f64(number.parse::<f64>().unwrap() * seconds)
}
