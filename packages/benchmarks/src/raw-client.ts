import { connect, type Socket } from 'node:net'

/** One kept-alive connection that posts bodies and waits for each answer: as little of a client as can be. */
export interface RawClient {
  post(path: string, body: string): Promise<void>
  close(): void
}

/** Rejects every answer but a 200. */
export async function openRawClient(port: number): Promise<RawClient> {
  const socket = await open(port)
  socket.setNoDelay(true)
  let received = ''
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined
  const fail = (error: Error): void => settle?.reject(error)
  socket.on('data', (chunk: string) => {
    received += chunk
    if (!isComplete(received)) return
    const answer = received
    received = ''
    if (answer.startsWith('HTTP/1.1 200 ')) settle?.resolve()
    else fail(new Error(`The server answered ${answer.slice(0, 200)}`))
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('The server closed the connection')))
  return {
    post: (path, body) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject }
        socket.write(
          `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/jwt\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        )
      }),
    close: () => socket.destroy(),
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.setEncoding('latin1')))
    socket.once('error', reject)
  })
}

function isComplete(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end))?.[1]
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= end + 4 + Number(length)
}
