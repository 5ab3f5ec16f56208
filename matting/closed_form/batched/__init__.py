"""The closed-form equations in few and large operations, for a GPU: what costs there is to be told what to do.

Every product is one gather and one batched product, whatever the size; nothing is indexed by bool, so that nothing
waits; several frames are one system. Vectors are [tiles, 16] on pixels and [places, 4] above them.
"""
