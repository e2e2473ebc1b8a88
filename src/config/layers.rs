//! `canvass.toml`, its drop-ins and the environment, laid over each other.
//!
//! The `config` crate decides which layer wins: later files over earlier ones, the environment over all; tables are
//! merged, everything else is replaced whole. It knows nothing of lines, so each value carries the number of its layer
//! as its origin, and that layer's own tree is asked where the value stands. Its coercions are not used: it would turn
//! `5` into `"5"` and a password `007` into 7.

use std::collections::BTreeMap;

use config::{ConfigError, Map, Source, Value, ValueKind};

use super::node::{Content, Node};
use super::problem::Place;

/// What every variable for us begins with.
const PREFIX: &str = "CANVASS__";
/// The one key of every layer's root. The `config` crate reads keys of the root as paths (`a.b` is `b` in `a`), and
/// those below as they are.
const ROOT: &str = "root";

/// Lays later nodes over earlier ones; all are tables.
pub(super) fn merge(layers: &[Node]) -> Result<Node, ConfigError> {
    let mut builder = config::Config::builder();
    for (number, node) in layers.iter().enumerate() {
        builder = builder.add_source(Layer { number, node: node.clone() });
    }
    let merged = builder.build()?.get_table(ROOT)?;
    let root = layers.first().map_or_else(|| Place::whole(""), |layer| layer.place.clone());
    let layers: Vec<_> = layers.iter().map(Some).collect();
    Ok(Node { place: root.clone(), key_place: root, content: table(&merged, &layers) })
}

/// The variables `CANVASS__SECTION__KEY` as a layer. A part of a name stands for the key of the files below that it
/// equals but for case and `_` for `-`, because variables have neither small letters nor hyphens.
pub(super) fn environment(env: &BTreeMap<String, String>, below: &Node) -> Node {
    let mut root = empty_table(&Place::whole("environment"));
    for (name, value) in env {
        if let Some(path) = name.strip_prefix(PREFIX) {
            let place = Place::whole(format!("environment {name}"));
            let value = Node { place: place.clone(), key_place: place, content: Content::Untyped(value.clone()) };
            put(&mut root, &path.split("__").collect::<Vec<_>>(), value, Some(below));
        }
    }
    root
}

/// Puts a value at the end of a path. A variable that goes deeper replaces one that does not.
fn put(node: &mut Node, path: &[&str], value: Node, below: Option<&Node>) {
    let Some((part, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    let key = spelled_below(part, below).unwrap_or_else(|| part.to_ascii_lowercase());
    let below = below.and_then(|below| below.get(&key));
    if !matches!(node.content, Content::Table(_)) {
        node.content = Content::Table(BTreeMap::new());
    }
    if let Content::Table(table) = &mut node.content {
        put(table.entry(key).or_insert_with(|| empty_table(&value.place)), rest, value, below);
    }
}

fn empty_table(place: &Place) -> Node {
    Node { place: place.clone(), key_place: place.clone(), content: Content::Table(BTreeMap::new()) }
}

fn spelled_below(part: &str, below: Option<&Node>) -> Option<String> {
    let plain = |key: &str| key.to_ascii_lowercase().replace('-', "_");
    match &below?.content {
        Content::Table(table) => table.keys().find(|key| plain(key) == plain(part)).cloned(),
        Content::Text(_)
        | Content::Untyped(_)
        | Content::Integer(_)
        | Content::Float(_)
        | Content::Flag(_)
        | Content::Time(_)
        | Content::List(_) => None,
    }
}

/// A tree, for the `config` crate.
#[derive(Clone, Debug)]
struct Layer {
    number: usize,
    node: Node,
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let origin = self.number.to_string();
        Ok(Map::from_iter([(ROOT.to_owned(), value(&origin, &self.node))]))
    }
}

fn value(origin: &String, node: &Node) -> Value {
    let kind = match &node.content {
        Content::Text(text) | Content::Untyped(text) | Content::Time(text) => ValueKind::String(text.clone()),
        Content::Integer(number) => ValueKind::I64(*number),
        Content::Float(number) => ValueKind::Float(*number),
        Content::Flag(flag) => ValueKind::Boolean(*flag),
        Content::List(list) => ValueKind::Array(list.iter().map(|node| value(origin, node)).collect()),
        Content::Table(table) => {
            ValueKind::Table(table.iter().map(|(key, node)| (key.clone(), value(origin, node))).collect())
        }
    };
    Value::new(Some(origin), kind)
}

/// The merged table with its places again; `layers` are what each layer has at this path.
fn table(merged: &Map<String, Value>, layers: &[Option<&Node>]) -> Content {
    let entries = merged.iter().filter_map(|(key, value)| {
        let below: Vec<_> = layers.iter().map(|layer| layer.and_then(|node| node.get(key))).collect();
        Some((key.clone(), located(value, &below)?))
    });
    Content::Table(entries.collect())
}

fn located(value: &Value, layers: &[Option<&Node>]) -> Option<Node> {
    if let ValueKind::Table(merged) = &value.kind {
        // The crate keeps no origin for tables, which may have keys from every layer: the first one is their place.
        let first = layers.iter().flatten().find(|node| matches!(node.content, Content::Table(_)))?;
        let (place, key_place) = (first.place.clone(), first.key_place.clone());
        return Some(Node { place, key_place, content: table(merged, layers) });
    }
    let number = value.origin()?.parse::<usize>().ok()?;
    layers.get(number).copied().flatten().cloned()
}
