import type { NextConfig } from 'next'

const config: NextConfig = {
  // a package of this repository that is TypeScript as it stands
  transpilePackages: ['@kinde-billing/example-billing-actions'],
}

export default config
