//! Whether somebody can be reached: a connection, encrypted where messages would be, and not a byte said over it.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::email::tls::Encryption;
use crate::chain::Chain;

/// Where somebody listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Whether they speak TLS.
    pub encrypted: bool,
}

/// Connects and hangs up. Says in words what stands in the way.
pub async fn reach(door: &Door, limit: Duration) -> Result<(), String> {
    let (host, port) = (door.host.as_str(), door.port);
    let tcp = match timeout(limit, TcpStream::connect((host, port))).await {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) => return Err(format!("cannot connect: {error}")),
        Err(_) => return Err(format!("no connection within {limit:?}")),
    };
    if !door.encrypted {
        return Ok(());
    }
    let encryption = Encryption::open(host, None).map_err(|error| Chain(&error).to_string())?;
    match timeout(limit, encryption.connect(tcp)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("TLS: {error}")),
        Err(_) => Err(format!("no TLS within {limit:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn whoever_listens_is_reached_and_hears_nothing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let door = Door { host: "127.0.0.1".to_owned(), port, encrypted: false };
        let (reached, accepted) = tokio::join!(reach(&door, LIMIT), listener.accept());
        assert_eq!(reached, Ok(()));
        let mut heard = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut accepted.unwrap().0, &mut heard).await.unwrap();
        assert!(heard.is_empty());
    }

    #[tokio::test]
    async fn what_stands_in_the_way_is_told() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let door = Door { host: "127.0.0.1".to_owned(), port, encrypted: true };
        let hang_up = async { drop(listener.accept().await.unwrap()) };
        let (reached, ()) = tokio::join!(reach(&door, LIMIT), hang_up);
        assert!(reached.as_ref().is_err_and(|why| why.starts_with("TLS: ")), "{reached:?}");
        drop(listener);
        let reached = reach(&Door { encrypted: false, ..door }, LIMIT).await;
        assert!(reached.as_ref().is_err_and(|why| why.starts_with("cannot connect: ")), "{reached:?}");
    }
}
