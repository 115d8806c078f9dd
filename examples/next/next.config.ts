import type { NextConfig } from 'next'

const config: NextConfig = {
  // a package of this repository that is plain TypeScript, without a build
  transpilePackages: ['@kinde-billing/example-billing-actions'],
}

export default config
