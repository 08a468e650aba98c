/**
 * The program of a child process: sends the listening socket that it gets back to its parent, as often as it
 * is told. Each time the parent gets another descriptor of the socket.
 */
// Without a listener, the process would not wait for its parent to take what it sends.
process.on('message', (count: number, handle) => {
  let left = count;
  for (let i = 0; i < count; i++) {
    process.send!('copy', handle, {}, () => {
      left--;
      if (left === 0) process.disconnect();
    });
  }
});
