/** Layers of sequences: cells, and what runs them along the steps. */

export { Bidirectional, type BidirectionalOptions } from './bidirectional.js'
export { ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, type ConvLSTMOptions } from './conv-lstm.js'
export { GRU, type GRUOptions } from './gru.js'
export { GRUCell, type GRUCellOptions } from './gru-cell.js'
export { LSTM, type LSTMOptions } from './lstm.js'
export { LSTMCell, type LSTMCellOptions } from './lstm-cell.js'
export { RNN, type RNNOptions } from './rnn.js'
export { SimpleRNN, type SimpleRNNOptions } from './simple-rnn.js'
export { SimpleRNNCell, type SimpleRNNCellOptions } from './simple-rnn-cell.js'
export { StackedRNNCells, type StackedRNNCellsOptions } from './stacked-rnn-cells.js'
export { TimeDistributed, type TimeDistributedOptions } from './time-distributed.js'
