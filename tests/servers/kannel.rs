//! Kannel: bearerbox, smsbox, and in place of the telephone network its `fakesmsc`.
//!
//! bearerbox listens for a short message centre of the kind "fake", and fakesmsc connects to it and prints what it is
//! given. All three are started and ended together.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    http,
    phone::{self, SmsAtPhone},
    port,
    process::Process,
    wait,
};

const BEARERBOX: &str = "/usr/sbin/bearerbox";
const SMSBOX: &str = "/usr/sbin/smsbox";
const FAKESMSC: &str = "/usr/lib/kannel/test/fakesmsc";

/// The user that may send.
pub(crate) const USERNAME: &str = "survey";
pub(crate) const PASSWORD: &str = "secret";

/// A running Kannel with one phone that receives for every number.
pub(crate) struct Kannel {
    ports: Ports,
    // fakesmsc is replaced, the others only ended. Before the folder: fields are dropped in this order.
    phone: Option<Process>,
    _smsbox: Process,
    _bearerbox: Process,
    dir: TempDir,
}

/// Where one will listen.
pub(crate) struct Ports {
    admin: u16,
    boxes: u16,
    smsc: u16,
    sendsms: u16,
}

impl Ports {
    /// Four that nobody listens on.
    pub(crate) fn free() -> Self {
        Self { admin: port::free(), boxes: port::free(), smsc: port::free(), sendsms: port::free() }
    }

    /// Where texts are handed in, without a query.
    pub(crate) fn sendsms_url(&self) -> String {
        format!("http://127.0.0.1:{}/cgi-bin/sendsms", self.sendsms)
    }
}

impl Kannel {
    /// Starts one that drops what phones say.
    pub(crate) fn start() -> Self {
        Self::start_with(Ports::free(), "max-messages = 0\nomit-empty = true\ntext = \"\"")
    }

    /// Starts one that hands what phones say to the given address by GET. Kannel replaces `%p` (from), `%P` (to), `%b`
    /// (text, escaped, in the charset `%C`), `%I` (id), `%i` (message centre) and `%T` (Unix time) in it. What it is
    /// answered it sends to the phone.
    pub(crate) fn start_with_inbound(ports: Ports, get_url: &str) -> Self {
        Self::start_with(
            ports,
            &format!("max-messages = 3\nconcatenation = true\nomit-empty = true\nget-url = \"{get_url}\""),
        )
    }

    fn start_with(ports: Ports, service: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let conf = dir.path().join("kannel.conf");
        fs::write(&conf, configuration(&ports, dir.path(), service)).unwrap();
        let mut bearerbox = Process::spawn(BEARERBOX, [&conf], dir.path().join("bearerbox.log"));
        // It opens the port of the message centre before this one. That must not be tried: it takes one connection.
        bearerbox.wait_for_port(ports.boxes);
        let mut smsbox = Process::spawn(SMSBOX, [&conf], dir.path().join("smsbox.log"));
        smsbox.wait_for_port(ports.sendsms);
        let mut kannel = Self { ports, phone: None, _smsbox: smsbox, _bearerbox: bearerbox, dir };
        kannel.reconnect_phone();
        kannel
    }

    /// Where texts are handed in, without a query.
    pub(crate) fn sendsms_url(&self) -> String {
        self.ports.sendsms_url()
    }

    /// What smsbox has said so far.
    pub(crate) fn smsbox_log(&self) -> String {
        fs::read_to_string(self.dir.path().join("smsbox.log")).unwrap_or_default()
    }

    /// All whole texts that have arrived so far, of all phones.
    pub(crate) fn received(&self) -> Vec<SmsAtPhone> {
        phone::received(&fs::read_to_string(self.phone_log()).unwrap_or_default())
    }

    /// [`Self::received`], as soon as there are at least `n_min`: Kannel accepts first and delivers then.
    #[track_caller]
    pub(crate) fn wait_for_received(&self, n_min: usize) -> Vec<SmsAtPhone> {
        wait::until(&format!("{n_min} texts at the phone"), || {
            let texts = self.received();
            (n_min <= texts.len()).then_some(texts)
        })
    }

    /// Lets a phone say something. It goes on receiving afterwards.
    pub(crate) fn phone_says(&mut self, from: &str, to: &str, text: &str) {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        // fakesmsc says only what it was started with, and bearerbox gives texts to a connection that it believes in.
        self.disconnect_phone();
        self.connect_phone(&["-i", "0.01", "-m", "1", &format!("{from} {to} data {text}")]);
    }

    /// Takes the phone away. Kannel keeps what it is given until there is one again.
    pub(crate) fn disconnect_phone(&mut self) {
        self.phone = None;
        wait::until("the phone's departure", || (!self.is_online()).then_some(()));
    }

    /// Connects a phone that says nothing.
    pub(crate) fn reconnect_phone(&mut self) {
        self.connect_phone(&["-m", "0", "1 2 text unsent"]);
    }

    fn connect_phone(&mut self, says: &[&str]) {
        let port = self.ports.smsc.to_string();
        let args = ["-H", "127.0.0.1", "-r", &port].into_iter().chain(says.iter().copied());
        self.phone = Some(Process::spawn(FAKESMSC, args, self.phone_log()));
        wait::until("the phone's connection", || self.is_online().then_some(()));
    }

    /// Whether bearerbox has the connection of a phone.
    fn is_online(&self) -> bool {
        http::get(self.ports.admin, "/status.txt?password=status").1.contains("(online")
    }

    fn phone_log(&self) -> PathBuf {
        self.dir.path().join("phone.log")
    }
}

/// What Kannel's user guide calls the groups core, smsc, smsbox, sendsms-user and sms-service. An `smsbox-id` would
/// need a route to it, else what phones say stays in bearerbox. The `http-` lines repeat a callback that found nobody.
fn configuration(ports: &Ports, dir: &Path, service: &str) -> String {
    let Ports { admin, boxes, smsc, sendsms } = ports;
    let dir = dir.display();
    format!(
        "group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = admin
status-password = status
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-deny-ip = \"*.*.*.*\"
box-allow-ip = 127.0.0.1
store-type = file
store-location = \"{dir}/kannel.store\"
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = network
host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
mo-recode = true
http-request-retry = 10
http-queue-delay = 1

group = sendsms-user
username = {USERNAME}
password = {PASSWORD}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
{service}
"
    )
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
    };

    use form_urlencoded::Serializer;

    use super::{Kannel, PASSWORD, Ports, USERNAME};
    use crate::{http, phone::SmsAtPhone};

    const FROM: &str = "SOLE";
    const TO: &str = "+4915112345678";

    fn send(kannel: &Kannel, password: &str, coding: &str, text: &str) -> (u16, String) {
        let fields = [("username", USERNAME), ("password", password), ("from", FROM), ("to", TO), ("text", text)];
        let fields = fields.into_iter().chain([("charset", "UTF-8"), ("coding", coding)]);
        let query = Serializer::new(String::new()).extend_pairs(fields).finish();
        let url = kannel.sendsms_url();
        let path = url.strip_prefix(&format!("http://127.0.0.1:{}", kannel.ports.sendsms)).unwrap();
        http::get(kannel.ports.sendsms, &format!("{path}?{query}"))
    }

    #[test]
    fn texts_of_all_kinds_arrive_as_they_were_sent() {
        let kannel = Kannel::start();
        let long = "0123456789ü".repeat(36);
        let cases = [
            ("0", "How was it? 5 < 6 & 100% + more: https://s.sole.example/s/7kq2m9xw", 1),
            ("0", "Grüße aus Köln: [10 €]", 1),
            ("2", "Danke 😀 Żółć", 1),
            ("0", long.as_str(), 3),
            ("0", "two\nlines", 1),
        ];
        for (coding, text, _) in cases {
            assert_eq!(send(&kannel, PASSWORD, coding, text), (202, "0: Accepted for delivery".to_owned()));
        }
        let sms = |(_, text, parts): (&str, &str, usize)| SmsAtPhone {
            from: FROM.to_owned(),
            to: TO.to_owned(),
            text: text.to_owned(),
            parts,
        };
        // The last line of the last text is a line of its own, so waiting for five texts would not be enough.
        crate::wait::until("the last line", || kannel.received().last()?.text.ends_with("lines").then_some(()));
        assert_eq!(kannel.received(), cases.map(sms));
    }

    #[test]
    fn a_wrong_password_is_refused_and_nothing_arrives() {
        let kannel = Kannel::start();
        let (status, _) = send(&kannel, "guess", "0", "no");
        assert_eq!(status, 403);
        assert_eq!(send(&kannel, PASSWORD, "0", "yes").0, 202);
        let texts = kannel.wait_for_received(1);
        assert_eq!(texts.iter().map(|sms| sms.text.as_str()).collect::<Vec<_>>(), ["yes"]);
    }

    #[test]
    fn what_a_phone_says_is_handed_over_and_it_still_receives() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut kannel =
            Kannel::start_with_inbound(Ports::free(), &format!("http://127.0.0.1:{port}/inbound?from=%p&text=%b"));
        kannel.phone_says(TO, FROM, "Stop für immer");
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut request).unwrap();
        stream.write_all(b"HTTP/1.0 204 No Content\r\n\r\n").unwrap();
        assert_eq!(request, "GET /inbound?from=%2B4915112345678&text=Stop+f%C3%BCr+immer HTTP/1.1\r\n");
        assert_eq!(send(&kannel, PASSWORD, "0", "You will not be asked again").0, 202);
        assert_eq!(kannel.wait_for_received(1).len(), 1);
    }
}
