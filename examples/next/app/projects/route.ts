import { requireAccess } from '../../require-access'

export const GET = requireAccess(() => Response.json({ projects: [] }))
