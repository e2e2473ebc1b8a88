//! How fast contacts come in from a file, and in how much memory.
//!
//! The command is measured from outside, as it is shipped: in its own process, into an empty store, without a daemon, so
//! that reading, parsing, storing and flushing are all in it. Memory is what the kernel says was resident at the worst
//! moment.

use std::{
    env,
    error::Error,
    fs,
    io::{BufWriter, Write, stdout},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Contacts, where no argument says otherwise.
const CONTACTS: usize = 1_000_000;
/// The most memory that an import may take, however long the file is.
const RESIDENT_MB_MAX: f64 = 200.0;
/// The pause between two looks at the process.
const PAUSE: Duration = Duration::from_millis(10);

/// One import.
struct Run {
    seconds: f64,
    resident_mb: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let n_contacts = n_contacts()?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("contacts.csv");
    write_contacts(&file, n_contacts)?;
    write_configuration(dir.path())?;
    let mut out = stdout().lock();
    writeln!(out, "{n_contacts} contacts, {:.1} MB of CSV", megabytes(fs::metadata(&file)?.len()))?;
    writeln!(out, "{:<16}{:>10}{:>12}{:>16}", "", "seconds", "rows/s", "resident MB")?;
    let mut worst_mb: f64 = 0.0;
    for what in ["new contacts", "the same again"] {
        let run = import(dir.path(), &file)?;
        let per_second = real(n_contacts) / run.seconds;
        writeln!(out, "{what:<16}{:>10.1}{per_second:>12.0}{:>16.1}", run.seconds, run.resident_mb)?;
        worst_mb = worst_mb.max(run.resident_mb);
    }
    if worst_mb > RESIDENT_MB_MAX {
        return Err(format!("{worst_mb:.1} MB were resident; at most {RESIDENT_MB_MAX} are allowed").into());
    }
    Ok(())
}

/// The first argument that is none of cargo's.
fn n_contacts() -> Result<usize, Box<dyn Error>> {
    let given = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    Ok(given.map_or(Ok(CONTACTS), |given| given.parse())?)
}

/// A file such as a till exports: two addresses, and a column that becomes an attribute.
fn write_contacts(path: &Path, n_contacts: usize) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    writeln!(file, "id,name,email,phone,locale,branch,tier")?;
    for n in 0..n_contacts {
        let (locale, tier) = if n % 3 == 0 { ("en", "gold") } else { ("de", "") };
        writeln!(file, "c-{n},\"Guest No. {n}\",guest-{n}@guests.example,+49151{n:08},{locale},mitte,{tier}")?;
    }
    Ok(file.flush()?)
}

/// The shipped configuration with a state folder of its own.
fn write_configuration(dir: &Path) -> Result<(), Box<dyn Error>> {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), &dir.join("config"))?;
    let drop_ins = dir.join("config/canvass.d");
    fs::create_dir_all(&drop_ins)?;
    fs::write(drop_ins.join("50-bench.toml"), format!("[daemon]\nstate_dir = \"{}\"\n", dir.join("state").display()))?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn import(dir: &Path, file: &Path) -> Result<Run, Box<dyn Error>> {
    let binary = env::var_os("CANVASS_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_canvass")), PathBuf::from);
    let mut command = Command::new(binary);
    command.arg("--config").arg(dir.join("config")).args(["contacts", "import"]).arg(file);
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let (status, resident_mb) = watch(&mut child)?;
    if !status.success() {
        return Err(format!("the import failed: {status}").into());
    }
    Ok(Run { seconds: begun.elapsed().as_secs_f64(), resident_mb })
}

/// Waits for the end. The kernel keeps the largest resident size, and forgets it with the process.
fn watch(child: &mut Child) -> Result<(ExitStatus, f64), Box<dyn Error>> {
    let path = format!("/proc/{}/status", child.id());
    let mut resident_mb: f64 = 0.0;
    loop {
        let status = child.try_wait()?;
        let described = fs::read_to_string(&path).unwrap_or_default();
        let line = described.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        if let Some(kibibytes) = line {
            resident_mb = resident_mb.max(kibibytes.parse::<f64>()? * 1.024e-3);
        }
        match status {
            Some(status) => return Ok((status, resident_mb)),
            None => thread::sleep(PAUSE),
        }
    }
}

fn megabytes(bytes: u64) -> f64 {
    real(usize::try_from(bytes).unwrap_or(usize::MAX)) / 1e6
}

/// Exact for every count that a benchmark meets.
fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
