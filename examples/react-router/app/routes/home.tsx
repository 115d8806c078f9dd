export default function Home() {
  return <p>Kinde posts to /webhooks/kinde.</p>
}
