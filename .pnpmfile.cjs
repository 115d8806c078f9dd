// These development tools ask for a newer Node than they need here, which would be a page of warnings at the first install.
const STATES_TOO_MUCH = /^(?:@inquirer\/.+|mute-stream|cookie|file-type)$/

module.exports = {
  hooks: {
    readPackage(manifest) {
      if (STATES_TOO_MUCH.test(manifest.name)) delete manifest.engines
      return manifest
    },
  },
}
