//! How Firefox is started, and which driver steers it.

use std::fs;
use std::path::Path;
use std::process::Command;

use thirtyfour::DesiredCapabilities;

use super::{Beside, Started};
use crate::environment;
use crate::program::Program;

/// What it is told to leave undone: to call home, to update itself, to look for the internet, to
/// greet, and to start add-ons and processes that no story needs, which is a third of what a start
/// costs. Whatever a page can feel is as users have it, so the many settings that automation brings
/// along are declined as a whole.
const PREFERENCES: [(&str, &str); 43] = [
    ("app.normandy.enabled", "false"),
    ("app.update.disabledForTesting", "true"),
    ("browser.aboutwelcome.enabled", "false"),
    ("browser.discovery.enabled", "false"),
    ("browser.dom.window.dump.enabled", "true"),
    ("browser.ml.enable", "false"),
    ("browser.newtabpage.enabled", "false"),
    ("browser.region.network.url", "\"\""),
    ("browser.region.update.enabled", "false"),
    ("browser.safebrowsing.blockedURIs.enabled", "false"),
    ("browser.safebrowsing.downloads.enabled", "false"),
    ("browser.safebrowsing.malware.enabled", "false"),
    ("browser.safebrowsing.phishing.enabled", "false"),
    ("browser.search.update", "false"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("browser.startup.homepage_override.mstone", "\"ignore\""),
    ("browser.startup.page", "0"),
    ("browser.tabs.remote.separatePrivilegedContentProcess", "false"),
    ("browser.topsites.contile.enabled", "false"),
    ("datareporting.healthreport.uploadEnabled", "false"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("datareporting.usage.uploadEnabled", "false"),
    ("devtools.console.stdout.content", "true"),
    ("doh-rollout.enabled", "false"),
    ("dom.ipc.processPrelaunch.enabled", "false"),
    ("dom.push.connection.enabled", "false"),
    ("extensions.blocklist.enabled", "false"),
    ("extensions.enabledScopes", "0"),
    ("extensions.getAddons.cache.enabled", "false"),
    ("extensions.systemAddon.update.enabled", "false"),
    ("extensions.update.enabled", "false"),
    ("layers.gpu-process.enabled", "false"),
    ("marionette.port", "0"),
    ("media.gmp-manager.updateEnabled", "false"),
    ("media.rdd-process.enabled", "false"),
    ("media.utility-process.enabled", "false"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("remote.prefs.recommended", "false"),
    ("security.remote_settings.intermediates.enabled", "false"),
    ("services.settings.server", "\"data:,#remote-settings-dummy/v1\""),
    ("telemetry.fog.test.localhost_port", "-1"),
    ("toolkit.telemetry.server", "\"\""),
];

/// Starts Firefox and its driver.
pub(super) async fn start(profile: &Path) -> anyhow::Result<Started> {
    start_as(profile, &[]).await
}

/// Starts Firefox and its driver; these names are the loopback to it, and pages may open windows.
pub(super) async fn start_at_home(profile: &Path, names: &[&str]) -> anyhow::Result<Started> {
    let names = format!("\"{}\"", names.join(","));
    let more =
        [("network.dns.localDomains", names.as_str()), ("dom.disable_open_during_load", "false")];
    start_as(profile, &more).await
}

async fn start_as(profile: &Path, more: &[(&str, &str)]) -> anyhow::Result<Started> {
    let (program, marionette) = launch(profile, more).await?;
    let (driver, address) = drive(&marionette).await?;
    let capabilities = DesiredCapabilities::firefox().into();
    Ok(Started { program, driver, address, capabilities, beside: Beside::default() })
}

/// Starts Firefox, and returns it with the port on which it can be steered.
async fn launch(profile: &Path, more: &[(&str, &str)]) -> anyhow::Result<(Program, String)> {
    let preferences = PREFERENCES.iter().chain(more);
    let preferences = preferences.map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"));
    fs::write(profile.join("user.js"), preferences.collect::<String>())?;
    let mut command = Command::new(environment::path(environment::FIREFOX)?);
    command.args(["--headless", "--marionette", "--no-remote", "about:blank", "--profile"]);
    command.arg(profile).env("HOME", profile).env("TMPDIR", profile);
    // Without this it asks the public server for its settings, whatever the profile says.
    command.env("MOZ_REMOTE_SETTINGS_DEVTOOLS", "1").env("MOZ_CRASHREPORTER_DISABLE", "1");
    let mut firefox = Program::start(&mut command)?;
    let port = firefox.prints("Listening on port ").await?;
    Ok((firefox, port))
}

/// Starts the driver, and returns it with its address.
async fn drive(marionette: &str) -> anyhow::Result<(Program, String)> {
    let mut command = Command::new(environment::path(environment::GECKODRIVER)?);
    command.args(["--port", "0", "--connect-existing", "--marionette-port", marionette]);
    let mut geckodriver = Program::start(&mut command)?;
    let address = geckodriver.prints("Listening on ").await?;
    Ok((geckodriver, format!("http://{address}")))
}
